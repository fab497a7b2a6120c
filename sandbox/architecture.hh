#pragma once

namespace caisson::sandbox {

/// Whose table a call's number is looked up in: a number means another call in each.
enum class Architecture {
    kNative,
    kI386 ///< of an x86-64 kernel: programs of linux/386 images, and `int 0x80` of any program
};

} // namespace caisson::sandbox
