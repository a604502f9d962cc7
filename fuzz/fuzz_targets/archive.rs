#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zwelnch::fuzzing::archive(data));
