#pragma once

#include "attest/digest.hh"

#include <optional>
#include <string>
#include <string_view>

namespace caisson::runner {

/// The name of an image in a registry, `[host[:port]/]path[:tag][@digest]`, read as Docker reads
/// it: without a host it is Docker Hub's, without a directory there `library/`'s.
struct Reference {
    std::string domain; ///< "docker.io", "localhost:5000"
    std::string path;   ///< "library/debian"
    std::string tag;    ///< empty where there is none; "latest" is never made up here
    std::optional<attest::Digest> digest;

    /// Everything else is an Error of kind kUsage that quotes the text and says what is wrong.
    [[nodiscard]] static Reference parse(std::string_view text);

    [[nodiscard]] std::string repository() const { return domain + "/" + path; }
    /// Without what Docker adds: "debian", "localhost:5000/app".
    [[nodiscard]] std::string familiar_repository() const;
    /// "docker.io/library/debian:12"; tag "latest" where there is neither tag nor digest.
    [[nodiscard]] std::string full() const { return repository() + suffix(); }
    /// "debian:12", likewise: what the store calls it.
    [[nodiscard]] std::string familiar() const { return familiar_repository() + suffix(); }

private:
    [[nodiscard]] std::string suffix() const;
};

} // namespace caisson::runner
