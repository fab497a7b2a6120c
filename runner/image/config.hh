#pragma once

#include "attest/digest.hh"

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace caisson::runner {

/// One line of an image's history (image-spec config.md).
struct History {
    std::string created; ///< RFC 3339
    std::string created_by;
    std::string comment;
    bool empty_layer = false;
};

/// An image configuration (image-spec config.md), with Docker's Healthcheck, OnBuild and Shell.
struct ImageConfig {
    std::string created;
    std::string architecture; ///< GOARCH of this machine for a new one
    std::string os = "linux";
    std::string variant;
    std::string user;
    std::vector<std::string> exposed_ports;                       ///< "8080/tcp", sorted, unique
    std::vector<std::pair<std::string, std::string>> environment; ///< in order, names unique
    std::vector<std::string> entrypoint;
    std::vector<std::string> cmd;
    std::vector<std::string> volumes; ///< sorted, unique
    std::string working_directory;
    std::map<std::string, std::string> labels;
    std::string stop_signal;
    std::vector<std::string> shell;
    nlohmann::json healthcheck; ///< null where there is none
    std::vector<std::string> onbuild;
    std::vector<attest::Digest> diff_ids;
    std::vector<History> history;

    [[nodiscard]] const std::string* find_environment(const std::string& name) const;
    void set_environment(const std::string& name, const std::string& value);
};

/// Canonical JSON: sorted keys, no spaces, empty members left out.
[[nodiscard]] std::string to_json_text(const ImageConfig& config);
/// Reads a foreign configuration; unknown members are dropped, wrong types are an Error of kind
/// kInput.
[[nodiscard]] ImageConfig config_from_json(std::string_view text);
/// A new one for `FROM scratch` on this machine.
[[nodiscard]] ImageConfig scratch_config();

/// "2001-02-03T04:05:06Z"
[[nodiscard]] std::string rfc3339(std::int64_t unix_seconds);

} // namespace caisson::runner
