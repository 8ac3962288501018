//! HTTP Basic: the user is the literal `api`, the password is the key.

use crate::vendor::Call;

const ALPHABET: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Returns what an accepted `Authorization` header says behind its scheme, without the `=` at the end.
pub(super) fn credentials(key: &str) -> String {
    base64(format!("api:{key}").as_bytes())
}

/// Tells whether a request bears the credentials. The scheme is in any case, the padding may lack.
pub(super) fn accepts(call: &Call, credentials: &str) -> bool {
    let given = call
        .header("authorization")
        .and_then(|value| value.split_once(' '));
    given.is_some_and(|(scheme, rest)| {
        scheme.eq_ignore_ascii_case("basic") && rest.trim().trim_end_matches('=') == credentials
    })
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let octet = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let word = octet(0) << 16 | octet(1) << 8 | octet(2);
        for place in 0..=three.len() {
            let sextet = word >> (18 - 6 * place) & 63;
            let letter = usize::try_from(sextet).ok().and_then(|at| ALPHABET.get(at));
            text.extend(letter.map(|letter| char::from(*letter)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_base64_without_padding() {
        assert_eq!(base64(b"api:key"), "YXBpOmtleQ");
        assert_eq!(base64(b"api:ke"), "YXBpOmtl");
        assert_eq!(base64(b"Man"), "TWFu");
        assert_eq!(base64(b"\xff\xff\xfe"), "///+");
        assert_eq!(base64(b""), "");
    }
}
