//! Follows redirects, a hop an attempt: each waits for its slot and is counted.
//!
//! Only to the host that was asked, because the key travels along, and only a few. What is not followed
//! comes back as the answer that it is.

use http::{Extensions, StatusCode, header::LOCATION};
use reqwest::{Request, Response, Url};
use reqwest_middleware::{Middleware, Next};

const MAX_HOPS: usize = 3;

/// The middleware. Stands outside of the one that paces.
#[derive(Debug)]
pub(crate) struct SameHost {
    /// Names of query parameters that carry a key: a vendor does not repeat them in an address.
    pub(crate) keys_in_query: Vec<&'static str>,
}

impl SameHost {
    /// Returns where to ask instead, if it is the same host.
    fn next_hop(&self, asked: &Url, response: &Response) -> Option<Url> {
        let follows = matches!(
            response.status(),
            StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT
        );
        let location = response.headers().get(LOCATION).filter(|_| follows)?;
        self.resolve(asked, location.to_str().ok()?)
    }

    fn resolve(&self, asked: &Url, location: &str) -> Option<Url> {
        let mut url = asked.join(location).ok()?;
        if url.origin() != asked.origin() {
            return None;
        }
        for name in &self.keys_in_query {
            let key_in = |url: &Url| {
                let found = url.query_pairs().find(|(known, _)| known == name);
                found.map(|(_, key)| key.into_owned())
            };
            if let (None, Some(key)) = (key_in(&url), key_in(asked)) {
                url.query_pairs_mut().append_pair(name, &key);
            }
        }
        Some(url)
    }
}

#[async_trait::async_trait]
impl Middleware for SameHost {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let mut asking = request;
        for _ in 0..MAX_HOPS {
            // Nothing that cannot be cloned is ever sent: requests have no bodies.
            let Some(again) = asking.try_clone() else {
                break;
            };
            let response = next.clone().run(asking, extensions).await?;
            let Some(url) = self.next_hop(again.url(), &response) else {
                return Ok(response);
            };
            asking = again;
            *asking.url_mut() = url;
        }
        next.run(asking, extensions).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_host_is_followed_and_the_key_goes_along() {
        let middleware = SameHost {
            keys_in_query: vec!["key"],
        };
        let asked = Url::parse("https://vendor.test/v1/coins?id=7&key=secret").unwrap();
        let resolve = |location: &str| {
            let url = middleware.resolve(&asked, location);
            url.map(|url| url.to_string())
        };
        let there = |tail: &str| Some(format!("https://vendor.test{tail}"));
        assert_eq!(
            resolve("/v2/coins?id=7"),
            there("/v2/coins?id=7&key=secret")
        );
        assert_eq!(resolve("other"), there("/v1/other?key=secret"));
        assert_eq!(resolve("/a?key=secret"), there("/a?key=secret"));
        for elsewhere in [
            "https://elsewhere.test/v1/coins",
            "http://vendor.test/v1/coins",
            "https://vendor.test:8443/v1/coins",
            "//elsewhere.test/",
            "http://[",
        ] {
            assert_eq!(resolve(elsewhere), None, "{elsewhere}");
        }
    }
}
