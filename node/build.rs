//! Link arguments of a Node addon. They include `nodelete`: threads of the pool outlive the
//! worker thread that loaded the addon.

fn main() {
    napi_build::setup();
}
