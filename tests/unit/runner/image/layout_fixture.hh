#pragma once

#include "../store/fixture.hh"
#include "runner/image/base_image.hh"
#include "runner/image/platform.hh"

#include <fstream>
#include <map>

namespace caisson::runner {

/// An OCI layout made by hand, to be broken by each test in its own way.
struct HandmadeLayout {
    std::filesystem::path path;

    explicit HandmadeLayout(std::filesystem::path directory)
        : path(std::move(directory))
    {
        std::filesystem::create_directories(path / "blobs/sha256");
        write(path / "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    }

    static void write(const std::filesystem::path& file, const std::string& bytes)
    {
        std::ofstream(file, std::ios::binary) << bytes;
    }
    [[nodiscard]] std::filesystem::path blob_path(const nlohmann::json& descriptor) const
    {
        return path / "blobs/sha256" / descriptor.at("digest").get<std::string>().substr(7);
    }
    [[nodiscard]] nlohmann::json blob(const std::string& bytes, const std::string& media_type) const
    {
        nlohmann::json descriptor = {{"mediaType", media_type},
                                     {"digest", attest::Digest::of(bytes).text()},
                                     {"size", bytes.size()}};
        write(blob_path(descriptor), bytes);
        return descriptor;
    }
    [[nodiscard]] static nlohmann::json config_json(std::size_t layers)
    {
        nlohmann::json config = {
            {"architecture", host_architecture()},
            {"os", "linux"},
            {"config", {{"Env", {"PATH=/bin"}}}},
            {"rootfs", {{"type", "layers"}, {"diff_ids", nlohmann::json::array()}}}};
        for (std::size_t layer = 0; layer < layers; ++layer)
            config["rootfs"]["diff_ids"].push_back(
                attest::Digest::of("tar " + std::to_string(layer)).text());
        return config;
    }
    [[nodiscard]] nlohmann::json manifest_json(const std::string& layer_type = kOciLayerGzip) const
    {
        return {{"schemaVersion", 2},
                {"mediaType", kOciManifest},
                {"config", blob(config_json(2).dump(), kOciConfig)},
                {"layers", {blob("layer 0", layer_type), blob("layer 1", layer_type)}}};
    }
    /// The descriptor of a whole image, with a tag.
    [[nodiscard]] nlohmann::json image(const std::string& tag = "latest") const
    {
        nlohmann::json descriptor = blob(manifest_json().dump(), kOciManifest);
        if (!tag.empty()) descriptor["annotations"]["org.opencontainers.image.ref.name"] = tag;
        return descriptor;
    }
    [[nodiscard]] nlohmann::json index_blob(const nlohmann::json& children) const
    {
        const nlohmann::json index = {
            {"schemaVersion", 2}, {"mediaType", kOciIndex}, {"manifests", children}};
        return blob(index.dump(), kOciIndex);
    }
    void write_index(const nlohmann::json& entries) const
    {
        const nlohmann::json index = {
            {"schemaVersion", 2}, {"mediaType", kOciIndex}, {"manifests", entries}};
        write(path / "index.json", index.dump());
    }
};

} // namespace caisson::runner
