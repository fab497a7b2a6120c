#pragma once

#include "sandbox/base/unique_fd.hh"

#include <filesystem>
#include <string>
#include <string_view>

namespace caisson::attest {

/// The invocation ids that a key has signed, `<key>.signed` beside it: one a line, only ever
/// appended to. One build has one statement; a second for the same id would be a forged or replayed
/// record.
class SignedList {
public:
    /// Opens or makes the list; done before the signer gives up the file system.
    [[nodiscard]] static SignedList open_beside(const std::filesystem::path& key);

    /// Adds `invocation`; one that is there already is an Error of kind kRefused. Signers that
    /// share a key do not get between each other (flock(2)).
    void add(std::string_view invocation) const;

private:
    SignedList(UniqueFd file, std::string path)
        : file_(std::move(file))
        , path_(std::move(path))
    {}

    UniqueFd file_;
    std::string path_;
};

} // namespace caisson::attest
