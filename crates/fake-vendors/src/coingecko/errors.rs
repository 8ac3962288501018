//! The four envelopes and the two forms that are no JSON, word for word.

use crate::instant::{iso_offset, spaced};
use crate::limits::Limits;
use crate::vendor::Reply;

const JSON: &str = "application/json; charset=utf-8";

/// Envelope A with a timestamp.
fn stamped(status: u16, now_ms: i64, code: u32, message: &str) -> Reply {
    let at = iso_offset(now_ms);
    let body = format!(
        r#"{{"status":{{"timestamp":"{at}","error_code":{code},"error_message":"{message}"}}}}"#
    );
    Reply::text(status, JSON, body)
}

/// Envelope A without a timestamp.
fn unstamped(status: u16, code: u32, message: &str) -> Reply {
    let body = format!(r#"{{"status":{{"error_code":{code},"error_message":"{message}"}}}}"#);
    Reply::text(status, JSON, body)
}

/// Envelope B.
fn misplaced(now_ms: i64, code: u32, message: &str) -> Reply {
    let at = iso_offset(now_ms);
    let body = format!(
        r#"{{"timestamp":"{at}","error_code":{code},"status":{{"error_message":"{message}"}}}}"#
    );
    Reply::text(400, JSON, body)
}

/// Envelope D.
pub(crate) fn plain(status: u16, message: &str) -> Reply {
    Reply::text(status, JSON, format!(r#"{{"error":"{message}"}}"#))
}

pub(crate) fn key_missing(now_ms: i64) -> Reply {
    let message = "API Key Missing. Please make sure you're using the right authentication method. \
        For Pro API, please visit: https://docs.coingecko.com/reference/authentication. \
        For Public/Demo API, please visit: https://docs.coingecko.com/demo/reference/authentication";
    stamped(401, now_ms, 10_002, message)
}

pub(crate) fn invalid_key(kind: &str) -> Reply {
    unstamped(401, 401, &format!("invalid {kind} api key usage"))
}

pub(crate) fn pro_key_on_public_host(now_ms: i64) -> Reply {
    let message = "If you are using Pro API key, please change your root URL from api.coingecko.com to \
        pro-api.coingecko.com Please refer here for more details: https://docs.coingecko.com/reference/introduction";
    misplaced(now_ms, 10_010, message)
}

pub(crate) fn demo_key_on_pro_host(now_ms: i64) -> Reply {
    let message = "If you are using Demo API key, please change your root URL from pro-api.coingecko.com to \
        api.coingecko.com Please refer here for more details: https://docs.coingecko.com/v3.0.1/reference/introduction";
    misplaced(now_ms, 10_011, message)
}

pub(crate) fn plan_restricted(now_ms: i64) -> Reply {
    let message = "This request is limited to PRO API subscribers. Please visit \
        https://www.coingecko.com/en/api/pricing to subscribe to our API plan to access exclusive endpoints.";
    stamped(401, now_ms, 10_005, message)
}

pub(crate) fn enterprise_only(now_ms: i64) -> Reply {
    let message = "This endpoint is exclusive to Enterprise plan customers only. Contact for Enterprise plan \
        enquiry: https://www.coingecko.com/en/api/pricing ";
    stamped(401, now_ms, 10_005, message)
}

/// Envelope C. The text for Basic is made up after the one for the public host.
pub(crate) fn outside_history(now_ms: i64, days: i64) -> Reply {
    let whose = if days == 365 {
        "Public API"
    } else {
        "Basic plan"
    };
    let at = iso_offset(now_ms);
    let message = format!(
        "Your request exceeds the allowed time range. {whose} users are limited to querying historical data within \
         the past {days} days. Upgrade to a paid plan to enjoy full historical data access: \
         https://www.coingecko.com/en/api/pricing. "
    );
    let body = format!(
        r#"{{"error":{{"status":{{"timestamp":"{at}","error_code":10012,"error_message":"{message}"}}}}}}"#
    );
    Reply::text(401, JSON, body)
}

pub(crate) fn too_many_addresses(now_ms: i64, limit: usize) -> Reply {
    let message = format!(
        "Number of contract addresses in the request exceeds the allowed limit ({limit} addresses). Please note that \
         to ensure fair usage and prevent abuse, the allowed limit may be adjusted periodically. To enjoy higher \
         allowed limit, please subscribe to Demo plan or a paid plan at https://www.coingecko.com/en/api/pricing"
    );
    misplaced(now_ms, 10_012, &message)
}

/// The text is made up after the one for addresses.
pub(crate) fn too_many_ids(now_ms: i64, limit: usize) -> Reply {
    let message = format!("Number of ids in the request exceeds the allowed limit ({limit} ids).");
    misplaced(now_ms, 10_012, &message)
}

pub(crate) fn missing(parameter: &str) -> Reply {
    plain(422, &format!("Missing parameter {parameter}"))
}

pub(crate) fn invalid(parameter: &str) -> Reply {
    plain(400, &format!("invalid {parameter}"))
}

pub(crate) fn coin_not_found() -> Reply {
    plain(404, "coin not found")
}

pub(crate) fn no_user_agent() -> Reply {
    let message = "Please add a descriptive User-Agent to your request. For higher rate limits & stable integration, \
        please subscribe to our API plans: https://www.coingecko.com/en/api/pricing . If you think this is a mistake, \
        please report here: https://forms.gle/3V2z8Mb3k2RMu5S2A";
    unstamped(403, 403, message)
}

/// The reset header names the end of the present minute.
pub(crate) fn rate_limited(now_ms: i64, retry_after: Option<u64>, reset_header: bool) -> Reply {
    let message = "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing to \
        subscribe to our API plans for higher rate limits.";
    let mut reply = unstamped(429, 429, message);
    if reset_header {
        reply = reply.with("x-ratelimit-reset", spaced(Limits::minute_ends_ms(now_ms)));
    }
    reply.retry_after(retry_after)
}

pub(crate) fn month_spent(now_ms: i64) -> Reply {
    stamped(
        429,
        now_ms,
        10_006,
        "You've reached your monthly API calls limit.",
    )
}

pub(crate) fn internal() -> Reply {
    unstamped(500, 500, "Internal server error")
}

pub(crate) fn blocked() -> Reply {
    let page = "<!DOCTYPE html>\n<html lang=\"en-US\"><head><title>Access denied | api.coingecko.com used \
        Cloudflare to restrict access</title></head><body>error code: 1020</body></html>";
    Reply::text(403, "text/html; charset=UTF-8", page)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::instant::parse_rfc3339;

    /// Returns a known error body, with its own timestamp if it has one.
    fn sample(name: &str) -> (Value, i64) {
        let text = include_str!("../../test_data/coingecko/errors.json");
        let all: Vec<Value> = serde_json::from_str(text).unwrap();
        let sample = all.into_iter().find(|one| one["name"] == name).unwrap();
        let body: Value =
            serde_json::from_str(sample["body"].as_str().unwrap()).unwrap_or_default();
        let stamps = ["/status/timestamp", "/timestamp", "/error/status/timestamp"];
        let stamp = stamps
            .iter()
            .find_map(|at| body.pointer(at))
            .and_then(Value::as_str);
        (
            sample,
            stamp.map_or(1_773_026_850_000, |text| parse_rfc3339(text).unwrap()),
        )
    }

    #[test]
    fn bodies_and_statuses_are_word_for_word() {
        type Make = fn(i64) -> Reply;
        let all: [(&str, Make); 15] = [
            ("key_missing", key_missing),
            ("invalid_key", |_| invalid_key("pro")),
            ("pro_key_on_public_host", pro_key_on_public_host),
            ("demo_key_on_pro_host", demo_key_on_pro_host),
            ("plan_restricted", plan_restricted),
            ("enterprise_only", enterprise_only),
            ("time_range_exceeded", |now| outside_history(now, 365)),
            ("too_many_addresses", |now| too_many_addresses(now, 10)),
            ("missing_parameter", |_| missing("vs_currency")),
            ("invalid_vs_currency", |_| invalid("vs_currency")),
            ("coin_not_found", |_| coin_not_found()),
            ("no_user_agent", |_| no_user_agent()),
            ("monthly_credits_exhausted", month_spent),
            ("internal_error", |_| internal()),
            ("cloudflare_block", |_| blocked()),
        ];
        for (name, make) in all {
            let (sample, now_ms) = sample(name);
            let reply = make(now_ms);
            assert_eq!(
                String::from_utf8(reply.body).unwrap(),
                sample["body"].as_str().unwrap()
            );
            assert_eq!(
                u64::from(reply.status),
                sample["http_status"].as_u64().unwrap(),
                "{name}"
            );
            assert_eq!(
                reply.content_type,
                sample["headers"]["content-type"].as_str().unwrap()
            );
        }
    }

    #[test]
    fn the_two_forms_of_429_differ_in_headers_alone() {
        let (with_reset, now_ms) = sample("rate_limited");
        let reply = rate_limited(now_ms, None, true);
        assert_eq!(
            reply.headers,
            [("x-ratelimit-reset", "2026-03-09 03:28:00 +0000".to_owned())]
        );
        assert_eq!(
            String::from_utf8(reply.body).unwrap(),
            with_reset["body"].as_str().unwrap()
        );
        let reply = rate_limited(now_ms, Some(119), false);
        assert_eq!(reply.headers, [("retry-after", "119".to_owned())]);
    }
}
