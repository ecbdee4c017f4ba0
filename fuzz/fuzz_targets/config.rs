//! Fuzz target; its body is `cos_fuzz::config`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    cos_fuzz::config(data);
});

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    cos_fuzz::replay(cos_fuzz::config)
}
