#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace caisson::runner {

/// One `-o`.
struct OutputRequest {
    enum class Type { kOci, kTar, kLocal } type = Type::kOci;
    std::filesystem::path destination;
    bool tar = true; ///< type=oci: an archive, or a layout directory
};

/// All that a caller of `caisson build` asked for; plain data, from the command line alone.
struct BuildRequest {
    std::filesystem::path context;
    std::filesystem::path dockerfile; ///< empty: CONTEXT/Dockerfile
    std::vector<std::string> tags;
    std::string target;
    std::map<std::string, std::string> build_args;
    std::map<std::string, std::string> build_contexts; ///< --build-context NAME=VALUE
    std::vector<OutputRequest> outputs;
    std::string policy = "default";
    std::filesystem::path key; ///< the signer's; this program never reads it
    std::string builder_id;
    std::optional<std::filesystem::path> provenance_file;
    std::optional<std::filesystem::path> metadata_file;
    std::optional<std::filesystem::path> iid_file;
    std::optional<std::int64_t> source_date_epoch;
    bool no_cache = false;
    std::filesystem::path store; ///< the store's root
};

/// The oldest time that a zip file can hold (1980-01-01): what an image is dated when nobody says
/// otherwise, so that the same inputs give the same bytes on any day. Tools that honour
/// SOURCE_DATE_EPOCH fail below it.
inline constexpr std::int64_t kDefaultEpoch = 315532800;

/// Reads `type=oci,dest=out.tar,tar=false`. Unknown keys and types: Error of kind kUsage.
[[nodiscard]] OutputRequest parse_output(const std::string& text);

} // namespace caisson::runner
