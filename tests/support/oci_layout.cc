#include "tests/support/oci_layout.hh"

#include "attest/digest.hh"

#include <fstream>

namespace caisson::testing {
namespace {

namespace fs = std::filesystem;

nlohmann::json
put(const fs::path& directory, const std::string& bytes, const std::string& media_type)
{
    const std::string digest = attest::Digest::of(bytes).text();
    fs::create_directories(directory / "blobs/sha256");
    std::ofstream(directory / "blobs/sha256" / digest.substr(digest.find(':') + 1),
                  std::ios::binary)
        << bytes;
    return {{"mediaType", media_type}, {"digest", digest}, {"size", bytes.size()}};
}

} // namespace

void write_oci_layout(const fs::path& directory,
                      const std::vector<HandmadeLayer>& layers,
                      const nlohmann::json& config)
{
    nlohmann::json image = {
        {"architecture", "amd64"},
        {"os", "linux"},
        {"config", nlohmann::json::object()},
        {"rootfs", {{"type", "layers"}, {"diff_ids", nlohmann::json::array()}}}};
    nlohmann::json descriptors = nlohmann::json::array();
    for (const HandmadeLayer& layer : layers) {
        image["rootfs"]["diff_ids"].push_back(layer.diff_id);
        descriptors.push_back(put(directory, layer.blob, layer.media_type));
    }
    image.merge_patch(config);
    const nlohmann::json manifest = {
        {"schemaVersion", 2},
        {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
        {"config", put(directory, image.dump(), "application/vnd.oci.image.config.v1+json")},
        {"layers", descriptors}};
    const nlohmann::json index = {
        {"schemaVersion", 2},
        {"manifests",
         {put(directory, manifest.dump(), "application/vnd.oci.image.manifest.v1+json")}}};
    std::ofstream(directory / "index.json") << index.dump();
    std::ofstream(directory / "oci-layout") << R"({"imageLayoutVersion":"1.0.0"})";
}

} // namespace caisson::testing
