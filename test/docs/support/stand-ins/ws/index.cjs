// Stands in for `ws`: what the page uses of it. The handshake's response, and one message, as text after the headers.
const { EventEmitter } = require('node:events')

class WebSocketServer extends EventEmitter {
  handleUpgrade(req, socket, head, callback) {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    callback({ send: (text) => socket.end(text), close: () => socket.end() })
  }
}
module.exports = { WebSocketServer }
