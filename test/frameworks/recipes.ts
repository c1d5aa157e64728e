import { readFileSync } from 'node:fs'
import { transpileModule, ModuleKind, ScriptTarget } from 'typescript'
import { codeUnder } from '../support/readme'

export interface Recipe {
  name: string
  /** What the application installs besides passport-near: the name, or the name and how it is installed. */
  packages: Record<string, string>
  /** Its files, by name; `app.js` is run. */
  files: () => Record<string, string>
  /** Whether Passport's `failureRedirect` and `failureMessage` are to be had. */
  pages: boolean
  /** Whether the session is in the browser only, so that an old cookie brings old content back. */
  cookieOnly?: boolean
  /** Whether this repository cannot hold it beside the others: then only the projects of the matrix do. */
  matrixOnly?: boolean
}

const own = (name: string): string => readFileSync(`test/frameworks/${name}`, 'utf8')
const asModule = (app: string): Record<string, string> => ({
  'package.json': JSON.stringify({ private: true, type: 'module' }),
  'app.js': app,
  'users.js': own('users.js'),
  'sessions.js': own('sessions.js'),
})

/** The recipe for @fastify/session with the lines for @fastify/secure-session in their place. */
function onSecureSession(): string {
  const [recipe, lines] = codeUnder('Fastify') as [string, string]
  const [imports, ...registration] = lines.trim().split('\n\n') as [string, ...string[]]
  const registered = /^await app\.register\(fastifyCookie\)\nawait app\.register\(fastifySession, .*\)$/m
  const imported = /^import fastifyCookie .*\n|^import fastifySession .*\n/gm
  if (!registered.test(recipe) || recipe.match(imported)?.length !== 2) {
    throw new Error("The README's Fastify recipe does not register sessions as its variant expects")
  }
  return `${imports}\n${recipe.replace(imported, '').replace(registered, registration.join('\n\n'))}`
}

function nest(module: ModuleKind.ES2022 | ModuleKind.CommonJS): Record<string, string> {
  const compile = (code: string): string =>
    transpileModule(code, {
      compilerOptions: {
        module,
        target: ScriptTarget.ES2022,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
        esModuleInterop: true,
      },
    }).outputText
  const type = module === ModuleKind.CommonJS ? 'commonjs' : 'module'
  return {
    'package.json': JSON.stringify({ private: true, type }),
    'app.js': compile(codeUnder('NestJS')[0]!),
    'users.js': compile(own('users.js')),
  }
}

const express = { 'express-session': '*', passport: '*' }
const nestPackages = { ...express, 'reflect-metadata': '*', rxjs: '*', '@nestjs/passport': '*' }
const fastify = { fastify: '*', '@fastify/passport': '*' }
const koa = { koa: '*', 'koa-passport': '*', 'koa-session': '*', '@koa/bodyparser': '*', '@koa/router': '*' }

export const recipes: Recipe[] = [
  {
    name: 'Express 5',
    packages: { express: '*', ...express },
    files: () => asModule(codeUnder('Express')[0]!),
    pages: true,
  },
  {
    name: 'Express 4',
    packages: { express: 'npm:express@4', ...express },
    files: () => asModule(codeUnder('Express')[0]!),
    pages: true,
  },
  {
    name: 'Fastify 5 on @fastify/session',
    packages: { ...fastify, '@fastify/cookie': '*', '@fastify/session': '*' },
    files: () => asModule(codeUnder('Fastify')[0]!),
    pages: true,
  },
  {
    name: 'Fastify 5 on @fastify/secure-session',
    packages: { ...fastify, '@fastify/secure-session': '*' },
    files: () => asModule(onSecureSession()),
    pages: true,
    cookieOnly: true,
  },
  {
    name: 'NestJS 12',
    packages: {
      ...nestPackages,
      '@nestjs/common': '12',
      '@nestjs/core': '12',
      '@nestjs/platform-express': '12',
    },
    files: () => nest(ModuleKind.ES2022),
    pages: false,
  },
  {
    name: 'NestJS 11 (CommonJS)',
    packages: {
      ...nestPackages,
      '@nestjs/common': '11',
      '@nestjs/core': '11',
      '@nestjs/platform-express': '11',
      '@nestjs/passport': '11',
    },
    files: () => nest(ModuleKind.CommonJS),
    pages: false,
    matrixOnly: true,
  },
  {
    name: 'Koa on a store',
    packages: koa,
    files: () => asModule(codeUnder('Koa')[0]!),
    pages: true,
  },
  {
    name: 'Koa on cookies',
    packages: koa,
    files: () => asModule(codeUnder('Koa')[0]!.replace('session({ store: sessions }, app)', 'session(app)')),
    pages: true,
    cookieOnly: true,
  },
  {
    name: 'Connect',
    packages: { connect: '*', 'body-parser': '*', ...express },
    files: () => asModule(codeUnder('Connect')[0]!),
    pages: false,
  },
]
