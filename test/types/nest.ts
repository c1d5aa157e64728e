import { Injectable, UseGuards } from '@nestjs/common'
import { AuthGuard, PassportStrategy } from '@nestjs/passport'
import type { Request } from 'express'
import { NearStrategy, type Challenge, type NearProfile } from 'passport-near'

@Injectable()
export class NearLogin extends PassportStrategy(NearStrategy) {
  constructor() {
    super({ recipient: 'app.example.com' })
  }

  validate(profile: NearProfile): { id: string } {
    return { id: profile.accountId }
  }
}

@Injectable()
export class NearWithRequest extends PassportStrategy(NearStrategy, 'near-with-request') {
  constructor() {
    super({ recipient: 'app.example.com', passReqToCallback: true })
  }

  validate(req: Request, profile: NearProfile): { id: string; path: string } {
    return { id: profile.accountId, path: req.path }
  }
}

export class Login {
  constructor(private readonly near: NearLogin) {}

  challenge(req: Request): Promise<Challenge> {
    return this.near.challenge(req)
  }

  @UseGuards(AuthGuard('near'))
  login(req: Request): Express.User | undefined {
    return req.user
  }
}
