#pragma once

#include <chrono>
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
    bool pull = false;           ///< ask registries again what a tag means
    std::filesystem::path store; ///< the store's root
};

/// One `--bind`.
struct BindRequest {
    std::filesystem::path source; ///< of the host
    std::string destination;      ///< absolute, normal
    bool writable = false;
};

/// All that a caller of `caisson run` asked for.
struct RunRequest {
    std::string policy = "default";
    std::filesystem::path rootfs; ///< empty: none
    std::string image;            ///< empty: none; without both, the programs of the host
    std::vector<BindRequest> binds;
    std::vector<std::string> environment; ///< "NAME=value"
    std::string working_directory;        ///< empty: the image's, or /
    std::string user;                     ///< empty: the image's, or root of the cell
    std::optional<std::chrono::milliseconds> timeout;
    std::vector<std::string> argv;
    std::filesystem::path store; ///< the store's root
};

/// The oldest time that a zip file can hold (1980-01-01): what an image is dated when nobody says
/// otherwise, so that the same inputs give the same bytes on any day. Tools that honour
/// SOURCE_DATE_EPOCH fail below it.
inline constexpr std::int64_t kDefaultEpoch = 315532800;

/// Reads `type=oci,dest=out.tar,tar=false`. Unknown keys and types: Error of kind kUsage.
[[nodiscard]] OutputRequest parse_output(const std::string& text);

/// Reads `SRC:DST`, `SRC:DST:ro` or `SRC:DST:rw`. DST begins with the last `:/`, so that SRC may
/// hold colons. A destination that is not absolute, is `/`, or lies in /dev or /proc: Error of kind
/// kUsage.
[[nodiscard]] BindRequest parse_bind(const std::string& text);

/// Reads `90`, `1.5`, `500ms`, `90s`, `5m` or `2h`; seconds where nothing else is said. Anything
/// else, and less than a millisecond: Error of kind kUsage.
[[nodiscard]] std::chrono::milliseconds parse_duration(const std::string& text);

} // namespace caisson::runner
