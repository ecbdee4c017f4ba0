//! The configuration file of the command.

/// A configuration file: what is wrong with it is said without the secret that stands in it.
///
/// The secret is the word `canarysecret`, wherever it is the value of a field for secrets.
pub fn config(data: &[u8]) -> Option<()> {
    let text = str::from_utf8(data).ok()?;
    let refusal = cos_cli::fuzz_config(text);
    if let Err(message) = &refusal
        && text.lines().all(is_harmless)
    {
        assert!(!message.contains(CANARY), "a secret is shown: {message}");
    }
    refusal.ok()
}

const CANARY: &str = "canarysecret";

/// Whether the canary stands in this line as a secret only, or not at all.
fn is_harmless(line: &str) -> bool {
    let fields = ["secret_key = \"", "token = \"", "credential_process = \""];
    let before = line.split(CANARY).next().unwrap_or_default();
    line.matches(CANARY).count() == 0
        || (fields.contains(&before) && line.matches(CANARY).count() == 1)
}
