//! Refusals, word for word where the contract has the words; what is a guess there or here is said.

use serde_json::json;

use super::plan::{QuotaSpent, UnknownChain};
use crate::vendor::Reply;

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";

fn text(status: u16, body: impl Into<String>) -> Reply {
    Reply::text(status, TEXT, body)
}

fn message(status: u16, words: &str) -> Reply {
    Reply::text(status, JSON, json!({ "message": words }).to_string())
}

/// An error object of the vendor's functions, sent with status 200.
fn wrapped(words: &str) -> Reply {
    let inner = json!({ "message": words }).to_string();
    let quoted = json!(inner).to_string();
    let body = format!(
        r#"{{"statusCode":400,"body":{quoted},"headers":{{"Content-Type":"application/json","Access-Control-Allow-Origin":"*"}}}}"#
    );
    Reply::text(200, JSON, body)
}

pub(super) fn unknown_protocol() -> Reply {
    text(400, "Protocol not found")
}

/// What a parent without children gets.
pub(super) fn empty_parent() -> Reply {
    wrapped("Protocol is not in our database")
}

/// The type begins with a capital, whatever it is.
pub(super) fn unknown_adapter(kind: &str, slug: &str) -> Reply {
    let mut letters = kind.chars();
    let capital = letters.next().map(|first| first.to_ascii_uppercase());
    let named: String = capital.into_iter().chain(letters).collect();
    let body = format!(
        "{named} for {slug} not found, please visit /overview/{kind} to see available protocols"
    );
    text(400, body)
}

pub(super) fn unknown_chain(how: UnknownChain, chain: &str) -> Reply {
    let plain = format!("There is no chain with that name: {chain}");
    match how {
        UnknownChain::Wrapped => wrapped(&format!("There is no chain with that name {chain}")),
        UnknownChain::Text400 => text(400, plain),
        UnknownChain::Text404 => text(404, plain),
    }
}

pub(super) fn unknown_chain_overview() -> Reply {
    text(500, "Internal server error")
}

pub(super) fn bad_type() -> Reply {
    text(500, "Internal Error")
}

pub(super) fn no_data() -> Reply {
    text(404, "Data not found")
}

pub(super) fn both_ends() -> Reply {
    message(400, "use either start or end parameter, not both")
}

pub(super) fn bad_span() -> Reply {
    message(400, "span is not an uint")
}

pub(super) fn no_coins() -> Reply {
    message(400, "no coins queried")
}

/// The status is known, the words are made up.
pub(super) fn unknown_parameter(name: &str) -> Reply {
    message(400, &format!("{name} is not a valid parameter"))
}

/// The status is known, the words are made up.
pub(super) fn no_block() -> Reply {
    message(400, "invalid chain or timestamp")
}

/// What the coins host says when it fails inside.
pub(super) fn coins_internal() -> Reply {
    message(502, "Internal server error")
}

pub(super) fn bad_pool() -> Reply {
    Reply::text(400, JSON, r#""invalid configID!""#)
}

pub(super) fn unknown_stablecoin() -> Reply {
    text(404, "Invalid request")
}

pub(super) fn payment_required() -> Reply {
    text(
        402,
        "Upgrade to the paid API plan at https://defillama.com/subscription",
    )
}

/// A guess: the vendor says 401 for some paths and nothing for the others.
pub(super) fn bad_key() -> Reply {
    Reply::text(401, JSON, r#"{"error":"Unauthorized"}"#)
}

/// A path without a key in it: not a clean 401. The words are made up.
pub(super) fn invalid_path() -> Reply {
    text(404, "Invalid path")
}

/// Status and words are guesses.
pub(super) fn quota_spent(how: QuotaSpent) -> Reply {
    match how {
        QuotaSpent::Status402 => payment_required(),
        QuotaSpent::Status429 | QuotaSpent::Billed => text(429, "Monthly call limit reached"),
    }
}

/// The words are a guess, the header is optional and in whole seconds.
pub(super) fn rate_limited(retry_after: Option<u64>) -> Reply {
    text(429, "Too Many Requests").retry_after(retry_after)
}

/// The same from the network in front of the vendor.
pub(super) fn rate_limited_page() -> Reply {
    let page = "<!DOCTYPE html>\n<html><head><title>Rate limited | llama.fi</title></head>\
        <body>error code: 1015</body></html>";
    Reply::text(429, HTML, page)
}

pub(super) fn internal() -> Reply {
    text(500, "Internal server error")
}

pub(super) fn bad_gateway() -> Reply {
    text(502, "Bad Gateway")
}

pub(super) fn blocked() -> Reply {
    let page = "<!DOCTYPE html>\n<html lang=\"en-US\"><head><title>Attention Required! | Cloudflare</title></head>\
        <body>error code: 1010</body></html>";
    Reply::text(403, HTML, page)
}

pub(super) fn too_long() -> Reply {
    Reply::text(414, HTML, "<html>414 Request-URI Too Large</html>")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn bodies_and_statuses_are_word_for_word() {
        let all: [(&str, Reply); 12] = [
            ("unknown protocol", unknown_protocol()),
            (
                "unknown protocol fees",
                unknown_adapter("fees", "no-such-protocol"),
            ),
            (
                "unknown chain (wrapped, HTTP 200)",
                unknown_chain(UnknownChain::Wrapped, "nochain"),
            ),
            (
                "unknown chain (plain variant)",
                unknown_chain(UnknownChain::Text400, "nochain"),
            ),
            ("unknown chain overview", unknown_chain_overview()),
            ("bad dataType", bad_type()),
            ("start and end", both_ends()),
            ("pool id not a UUID", bad_pool()),
            ("paid endpoint without a plan", payment_required()),
            ("bad key (body is our guess)", bad_key()),
            (
                "rate limit with Retry-After (body is our guess)",
                rate_limited(Some(7)),
            ),
            ("gateway error", coins_internal()),
        ];
        let text = include_str!("../../test_data/defillama/errors.json");
        let samples: Vec<Value> = serde_json::from_str(text).unwrap();
        for (case, reply) in all {
            let sample = samples.iter().find(|one| one["case"] == case).unwrap();
            assert_eq!(
                u64::from(reply.status),
                sample["status"].as_u64().unwrap(),
                "{case}"
            );
            let body = String::from_utf8(reply.body).unwrap();
            assert_eq!(body, sample["body"].as_str().unwrap(), "{case}");
            let headers = &sample["headers"];
            assert_eq!(
                reply.content_type,
                headers["content-type"].as_str().unwrap(),
                "{case}"
            );
            for (name, value) in reply.headers {
                assert_eq!(value, headers[name].as_str().unwrap(), "{case}");
            }
        }
    }
}
