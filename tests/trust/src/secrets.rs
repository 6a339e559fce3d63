//! The secrets of the lab in the spellings in which they could be printed.

use mrp_test_support::{ADMIN_TOKEN, TOKEN};

/// The password of the lab's BMCs.
const BMC_PASSWORD: &str = "ipmipass";

/// A page of a careless proxy, which repeats what it was sent and what the server told it.
pub(crate) fn page() -> String {
    format!(
        "<html><body><h1>Error</h1><pre>Authorization: Bearer {TOKEN}\nX-Token: {ADMIN_TOKEN}\n\
         Command '['/usr/bin/ipmitool', '-U', 'ipmiuser', '-P', '{BMC_PASSWORD}', 'chassis']' failed</pre></body></html>\n"
    )
}

/// The first secret that an output has, in clear, in hexadecimal or in base64.
pub(crate) fn find(output: &[u8], token: &str) -> Option<&'static str> {
    let text = String::from_utf8_lossy(output).to_lowercase();
    let has = |secret: &str| {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        text.contains(secret)
            || text.contains(&hex)
            || text.contains(&base64(secret).to_lowercase())
    };
    if has(token) {
        return Some("the token");
    }
    has(BMC_PASSWORD).then_some("a BMC's password")
}

/// Base64 of the whole triples: what is the same whatever follows.
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: usize| char::from(DIGITS[bits & 63]);
    let triples = text.as_bytes().chunks_exact(3);
    triples
        .flat_map(|triple| {
            let bits = triple
                .iter()
                .fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
            [
                digit(bits >> 18),
                digit(bits >> 12),
                digit(bits >> 6),
                digit(bits),
            ]
        })
        .collect()
}
