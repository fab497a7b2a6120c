#pragma once

#include "attest/digest.hh"

#include <mutex>
#include <set>
#include <string>

namespace caisson::runner {

/// Of an open file's bytes, its position untouched.
[[nodiscard]] attest::Digest digest_of_file(int file);

/// Tells what a power cut may have damaged. Nothing in the store is synced to disk: that would cost
/// more than a build. Instead a blob carries the id of the boot in which it was written, and one
/// from an earlier boot is read once and compared with its name before it counts.
class BootMark {
public:
    BootMark(); ///< of this boot

    /// /proc/sys/kernel/random/boot_id
    [[nodiscard]] const std::string& boot() const noexcept { return boot_; }

    /// Notes that these bytes are what their name says. Where the file system has no user
    /// attributes the note lasts as long as this process.
    void set(int blob, const attest::Digest& digest);
    /// Whether the bytes of an open blob (position untouched) are what their name says.
    [[nodiscard]] bool holds(int blob, const attest::Digest& digest);

private:
    [[nodiscard]] bool is_set(int blob, const attest::Digest& digest);

    std::string boot_;
    std::mutex mutex_; ///< guards checked_
    std::set<attest::Digest> checked_;
};

} // namespace caisson::runner
