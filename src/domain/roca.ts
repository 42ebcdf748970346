// The shape of RSA moduli made by Infineon's RSALib (CVE-2017-15361; Nemec et al., "The Return of Coppersmith's Attack",
// CCS 2017, §3.4). Its primes are k·M + (65537^a mod M), so modulo every small prime the modulus is a power of 65537.
// Random moduli have the shape with a chance of about 2^-28.

/** The primes of M for the smallest keys: larger keys use these and more. */
const PRIMES = [
  2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
  113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
]

const PRODUCT = PRIMES.reduce((product, prime) => product * BigInt(prime), 1n)

const POWERS: readonly (readonly [prime: bigint, powers: ReadonlySet<bigint>])[] = PRIMES.map((prime) => [
  BigInt(prime),
  powersOf65537(prime),
])

/** Whether the modulus has the shape, and its factors therefore can be found. */
export function hasRocaShape(modulus: bigint): boolean {
  const remainder = modulus % PRODUCT
  return POWERS.every(([prime, powers]) => powers.has(remainder % prime))
}

function powersOf65537(prime: number): ReadonlySet<bigint> {
  const powers = new Set<bigint>()
  for (let power = 1; !powers.has(BigInt(power)); power = (power * 65537) % prime) powers.add(BigInt(power))
  return powers
}
