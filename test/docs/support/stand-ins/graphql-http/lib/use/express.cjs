// Stands in for `graphql-http`: gives the context of a request, which is what the page is about.
const createHandler =
  ({ context }) =>
  async (req, res) => {
    const { user } = await context({ raw: req })
    res.json({ data: { me: user?.name ?? null } })
  }
module.exports = { createHandler }
