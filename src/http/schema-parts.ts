// What the shapes of many requests and answers are made of: texts, instants, pages and problems.
import { z } from '@hono/zod-openapi'

/**
 * No database and no log is asked to keep a control character (C0, DEL, C1): PostgreSQL takes no NUL in a text. Nor half a
 * surrogate pair: in UTF-8 all of them are the same replacement, so two texts would be one after a restart.
 */
export const plainText = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^\P{Cc}*$/u, 'holds a control character')
    .regex(/^\P{Cs}*$/u, 'is not well-formed')

/** PEM has lines. */
export const pemText = z
  .string()
  .max(32 * 1024)
  .regex(/^[\P{Cc}\r\n\t]*$/u, 'holds a control character')

export const text = (description: string, example: string, max = 4096) =>
  plainText(max).min(1).openapi({ description, example })

export const instant = z.string().openapi({ description: 'RFC 3339, UTC', example: '2026-01-02T03:04:05.000Z' })

export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: plainText(2048).optional(),
})

export const ProblemBody = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    requestId: z.string(),
    facts: z.record(z.string(), z.unknown()).optional(),
    errorCode: z.int().optional().openapi({ description: 'What clients of Hopsworks know the refusal by' }),
  })
  .openapi('Problem')
