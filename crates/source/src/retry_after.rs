//! How long a vendor asks to be left alone.

use std::time::{Duration, UNIX_EPOCH};

use model::Ts;

use crate::Reply;

/// A longer wait is not believed.
pub const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// Returns the wait that `Retry-After` names, in seconds, whole or not, or as an HTTP date; at most
/// [`LONGEST_WAIT`]. `None` where there is none that makes sense, and where the date has passed: the
/// answer is a refusal all the same, so a clock is wrong. The shortest wait is the vendor's own.
pub fn retry_after(reply: &Reply) -> Option<Duration> {
    let text = reply
        .headers
        .get(http::header::RETRY_AFTER)?
        .to_str()
        .ok()?;
    let text = text.trim();
    let wait = match text.parse() {
        Ok(secs) => Duration::try_from_secs_f64(secs).ok()?,
        Err(_) => {
            let at = httpdate::parse_http_date(text).ok()?;
            let at = at.duration_since(UNIX_EPOCH).ok()?;
            let at = Ts::from_secs(i64::try_from(at.as_secs()).ok()?);
            return wait_until(at, reply);
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

/// Returns the wait from an answer to the moment that it names, at most [`LONGEST_WAIT`]; `None` where
/// that has passed.
pub fn wait_until(at: Ts, reply: &Reply) -> Option<Duration> {
    let ms = at.millis().saturating_sub(reply.received_at.millis());
    let ms = u64::try_from(ms).ok().filter(|ms| *ms > 0)?;
    Some(Duration::from_millis(ms).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, StatusCode, header::RETRY_AFTER};

    use super::*;

    fn reply(header: Option<&'static str>) -> Reply {
        let mut headers = HeaderMap::new();
        if let Some(value) = header {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
        }
        Reply {
            status: StatusCode::TOO_MANY_REQUESTS,
            headers,
            body: Bytes::new(),
            received_at: Ts::parse("2026-05-18T12:05:00Z").unwrap(),
        }
    }

    #[test]
    fn seconds_and_dates_are_waits_and_nothing_else_is() {
        for (header, ms) in [
            ("2", Some(2_000)),
            (" 2.5 ", Some(2_500)),
            ("0", Some(0)),
            ("999999999", Some(3_600_000)),
            ("Mon, 18 May 2026 12:06:00 GMT", Some(60_000)),
            ("Monday, 18-May-26 12:06:00 GMT", Some(60_000)),
            ("Mon May 18 12:06:00 2026", Some(60_000)),
            ("Tue, 19 May 2026 12:05:00 GMT", Some(3_600_000)),
            ("Mon, 18 May 2026 12:05:00 GMT", None),
            ("Mon, 18 May 2026 12:04:00 GMT", None),
            ("-3", None),
            ("NaN", None),
            ("inf", None),
            ("1e300", None),
            ("soon", None),
            ("", None),
        ] {
            let wait = retry_after(&reply(Some(header)));
            assert_eq!(wait, ms.map(Duration::from_millis), "{header}");
        }
        assert_eq!(retry_after(&reply(None)), None);
    }
}
