// One name or value of a query (application/x-www-form-urlencoded, WHATWG URL §5.1), strictly: a percent sign that encodes nothing
// and bytes that are not UTF-8 are not repaired.

/** Undefined for what cannot be decoded. */
export function decodedForm(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}
