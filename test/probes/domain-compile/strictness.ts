export const first = (list: readonly string[]): string => list[0]; // bites: TS2322 undefined
export const absent: { readonly name?: string } = { name: undefined }; // bites: TS2375 exactOptionalPropertyTypes
enum Kind { One } // bites: TS1294 erasableSyntaxOnly
export const one = Kind.One;
export const untyped = (value) => value as unknown; // bites: TS7006 implicitly
