#pragma once

#include "../store/fixture.hh"
#include "http_server.hh"
#include "runner/image/platform.hh"
#include "runner/registry/pull.hh"

#include <map>
#include <optional>
#include <string>

namespace caisson::runner {

inline std::string path_of(const std::string& head)
{
    const std::size_t start = head.find(' ') + 1;
    return head.substr(start, head.find(' ', start) - start);
}

/// A registry of one image, "app:1", made by hand; each test changes what it answers.
class Pull : public StoreTest {
protected:
    std::map<std::string, std::string> answers; ///< by path
    nlohmann::json manifest;
    std::string manifest_text;
    std::optional<caisson::testing::HttpServer> server;
    RegistryAccess access{.hosts = Hosts({}),
                          .credentials = Credentials({}, {}),
                          .retry = {.tries = 2, .first_pause = std::chrono::milliseconds(1)},
                          .plain_http_loopback = true};

    void SetUp() override
    {
        const nlohmann::json config = {
            {"architecture", host_architecture()},
            {"os", "linux"},
            {"rootfs",
             {{"type", "layers"},
              {"diff_ids", nlohmann::json::array({attest::Digest::of("tar").text()})}}}};
        manifest = {{"schemaVersion", 2},
                    {"mediaType", kOciManifest},
                    {"config", add_blob(config.dump(), kOciConfig)},
                    {"layers", nlohmann::json::array({add_blob("layer", kOciLayerGzip)})}};
        use_manifest();
        server.emplace([this](const std::string& head) { return answer(head); });
    }
    virtual std::string answer(const std::string& head)
    {
        const auto found = answers.find(path_of(head));
        if (found != answers.end()) return found->second;
        return caisson::testing::HttpServer::response(
            "404 Not Found",
            R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"no such\u001b[2J"}]})");
    }
    nlohmann::json add_blob(const std::string& bytes, const std::string& media_type)
    {
        const std::string digest = attest::Digest::of(bytes).text();
        answers["/v2/app/blobs/" + digest] =
            caisson::testing::HttpServer::response("200 OK", bytes);
        return {{"mediaType", media_type}, {"digest", digest}, {"size", bytes.size()}};
    }
    void use_manifest(const std::string& type = kOciManifest)
    {
        manifest_text = manifest.dump();
        const std::string whole = caisson::testing::HttpServer::response(
            "200 OK", manifest_text, "Content-Type: " + type + "\r\n");
        answers["/v2/app/manifests/1"] = whole;
        answers["/v2/app/manifests/" + attest::Digest::of(manifest_text).text()] = whole;
    }
    BaseImage pull_app(const std::string& suffix = ":1")
    {
        return pull(*store, access, server->address() + "/app" + suffix);
    }
    std::string refused(const std::string& suffix = ":1")
    {
        return error_of(ErrorKind::kInput, [&] { (void)pull_app(suffix); });
    }
    [[nodiscard]] std::string blob_path(const std::string& bytes) const
    {
        return "/v2/app/blobs/" + attest::Digest::of(bytes).text();
    }
};

} // namespace caisson::runner
