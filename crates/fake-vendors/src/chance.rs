//! Repeatable chance: hashes in place of a random generator, so that equal questions get equal answers.

/// Mixes one number well (the finaliser of splitmix64).
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Combines two numbers into one hash.
pub(crate) fn pair(a: u64, b: u64) -> u64 {
    mix(mix(a) ^ b)
}

/// Combines a hash with an instant.
pub(crate) fn at(a: u64, ms: i64) -> u64 {
    pair(a, u64::from_ne_bytes(ms.to_ne_bytes()))
}

/// Hashes text (FNV-1a, then mixed).
pub(crate) fn text(value: &str) -> u64 {
    let fnv = value.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mix(fnv)
}

/// Returns a number in `[0, 1)`.
pub(crate) fn unit(hash: u64) -> f64 {
    f64::from(u32::try_from(hash >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
}

/// Returns a number in `[0, bound)`.
pub(crate) fn below(hash: u64, bound: i64) -> i64 {
    i64::try_from((hash >> 8) % bound.unsigned_abs().max(1)).unwrap_or(0)
}
