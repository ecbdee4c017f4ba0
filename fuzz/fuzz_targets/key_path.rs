//! Fuzz target; its body is `cos_fuzz::key_path`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    cos_fuzz::key_path(data);
});

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    cos_fuzz::replay(cos_fuzz::key_path)
}
