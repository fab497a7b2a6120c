#pragma once

#include "sandbox/base/unique_fd.hh"

#include <string>
#include <string_view>

namespace caisson::runner {

/// A file in the making, in the store's tmp/, locked (flock(2)) for as long as it is. A killed
/// process lets go of the lock, so whoever sweeps tmp/ knows what is garbage without guessing by
/// age.
class TempFile {
public:
    [[nodiscard]] static TempFile create(int directory);
    TempFile(TempFile&& other) noexcept;
    TempFile& operator=(TempFile&&) = delete;
    TempFile(const TempFile&) = delete;
    TempFile& operator=(const TempFile&) = delete;
    ~TempFile(); ///< removes it unless it was published

    /// Writes every byte; a full disk is an Error of kind kInput with a hint.
    void write(std::string_view bytes) const;
    [[nodiscard]] int fd() const noexcept { return file_.get(); }

    /// Becomes `name` in `target`, replacing what is there, as one step (rename(2)).
    void publish(int target, const std::string& name) &&;
    /// Becomes `name` in `target` unless that exists (false). The descriptor keeps the lock.
    [[nodiscard]] bool publish_new(int target, const std::string& name, UniqueFd& locked) &&;

private:
    TempFile(int directory, std::string name, UniqueFd file) noexcept;

    int directory_; ///< borrowed
    std::string name_;
    UniqueFd file_;
};

/// Takes the lock of an open file if nobody has it and the file still has a name.
[[nodiscard]] bool lock_if_abandoned(int file);

/// Removes what killed writers left in tmp/.
void sweep_temp_files(int directory);

/// `bytes` as `name` in `target`, by way of `tmp`: the old content or the new, never half.
void publish_bytes(int tmp, int target, const std::string& name, std::string_view bytes);

} // namespace caisson::runner
