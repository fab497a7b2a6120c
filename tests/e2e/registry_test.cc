// Our client and distribution's registry: every way that it can be locked, and images of ours that
// go there and come back.

#include "../unit/runner/registry/http_server.hh"
#include "runner/image/layer_writer.hh"
#include "runner/image/output.hh"
#include "runner/registry/pull.hh"
#include "runner/registry/push.hh"
#include "sandbox/base/error.hh"
#include "tests/e2e/real_registry.hh"
#include "tests/support/require.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace caisson::runner {
namespace {

namespace fs = std::filesystem;
using caisson::testing::HttpServer;
using caisson::testing::RealRegistry;
using caisson::testing::tool;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class Registries : public ::testing::Test {
protected:
    TempDirectory place{fs::temp_directory_path(), "caisson-registries-test-"};
    std::optional<RealRegistry> registry;
    std::unique_ptr<Store> store;
    std::optional<RegistryAccess> access;

    void SetUp() override
    {
        CAISSON_REQUIRE(RealRegistry::installed(), "docker-registry or openssl is not installed");
        store = open_store("store");
        use_access(true);
    }
    [[nodiscard]] std::unique_ptr<Store> open_store(const std::string& name) const
    {
        return Store::open(place.path() / name);
    }
    /// With what lies in the test's directory.
    void use_access(bool plain_http_loopback)
    {
        access.emplace(
            RegistryAccess{.hosts = Hosts({place.path()}),
                           .credentials = Credentials({place.path() / "config.json"}, {}),
                           .retry = {.tries = 2},
                           .plain_http_loopback = plain_http_loopback});
    }
    void log_in(const std::string& password = RealRegistry::kPassword) const
    {
        const json entry = {{"username", RealRegistry::kUser}, {"password", password}};
        write_file_atomically(place.path() / "config.json",
                              json({{"auths", {{registry->address(), entry}}}}).dump());
    }
    void trust(bool as_client = false) const
    {
        const fs::path directory = place.path() / "certs.d" / registry->address();
        fs::create_directories(directory);
        fs::copy_file(registry->authority(), directory / "ca.crt");
        if (!as_client) return;
        fs::copy_file(registry->certificate(), directory / "client.cert");
        fs::copy_file(registry->key(), directory / "client.key");
    }
    [[nodiscard]] OutputImage make_image(int layers = 1, const std::string& content = "tar") const
    {
        ImageConfig config = scratch_config();
        std::vector<Layer> made;
        for (int number = 0; number < layers; ++number) {
            auto [read_end, write_end] = make_pipe();
            write_all(write_end.get(), content + std::to_string(number));
            write_end.reset();
            made.push_back(store_layer(*store, read_end.get()));
            config.diff_ids.push_back(made.back().diff_id);
        }
        return {.manifest = store_image(*store, config, made)};
    }
    [[nodiscard]] Reference reference(const std::string& name) const
    {
        return Reference::parse(registry->address() + "/" + name);
    }
    [[nodiscard]] Pushed push_image(const OutputImage& image,
                                    const std::string& name = "team/app:1") const
    {
        return push(*store, *access, image, reference(name));
    }
    [[nodiscard]] BaseImage pull_image(const std::string& name = "team/app:1",
                                       const std::string& into = "other") const
    {
        return pull(*open_store(into), *access, registry->address() + "/" + name);
    }
    template<class Step>
    static std::string refused(Step&& step)
    {
        try {
            (void)step();
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::kInput);
            return error.what();
        }
        return "it was not refused";
    }
};

TEST_F(Registries, GiveBackWhatTheyWereGiven)
{
    registry.emplace(RealRegistry::Options{});
    const OutputImage image = make_image(6);
    const Pushed pushed = push_image(image);
    EXPECT_EQ(pushed.sent, 7U);
    EXPECT_EQ(pull_image().manifest.digest, image.manifest.digest);
    EXPECT_EQ(pull_image("team/app@" + image.manifest.digest.text()).layers.size(), 6U);

    const Pushed again = push_image(image);
    EXPECT_EQ(again.sent, 0U);
    EXPECT_EQ(again.there, 7U);
}

TEST_F(Registries, SayWhatTheyHaveNot)
{
    registry.emplace(RealRegistry::Options{});
    EXPECT_THAT(refused([&] { return pull_image("team/app:9"); }),
                AllOf(HasSubstr("team/app:9"), HasSubstr("404 (MANIFEST_UNKNOWN")));
}

TEST_F(Registries, TakeLayersOverFromARepositoryOfTheirOwn)
{
    registry.emplace(RealRegistry::Options{});
    const OutputImage base = make_image(3);
    (void)push_image(base, "base:1");
    store->put_image({.name = registry->address() + "/base:1",
                      .manifest = base.manifest,
                      .origin = "pkg:docker/base@1"});
    const Pushed pushed = push_image(base, "app:1");
    EXPECT_EQ(pushed.there, 3U);
    EXPECT_EQ(pushed.sent, 1U) << "the configuration is no layer";
    EXPECT_EQ(pull_image("app:1").manifest.digest, base.manifest.digest);
}

TEST_F(Registries, AreReadByOthersAndReadThem)
{
    CAISSON_REQUIRE(fs::exists("/usr/bin/skopeo"), "skopeo is not installed");
    registry.emplace(RealRegistry::Options{});
    const OutputImage image = make_image(2);
    (void)push_image(image);
    const std::string from = "docker://" + registry->address() + "/team/app:1";
    const json seen = json::parse(tool("skopeo", {"inspect", "--tls-verify=false", from}));
    EXPECT_EQ(seen["Digest"], image.manifest.digest.text());

    tool("skopeo",
         {"copy",
          "--insecure-policy",
          "--preserve-digests",
          "--src-tls-verify=false",
          "--dest-tls-verify=false",
          from,
          "docker://" + registry->address() + "/theirs:2"});
    EXPECT_EQ(pull_image("theirs:2").manifest.digest, image.manifest.digest);
    // in Docker's own format
    tool("skopeo",
         {"copy",
          "--insecure-policy",
          "--format",
          "v2s2",
          "--src-tls-verify=false",
          "--dest-tls-verify=false",
          from,
          "docker://" + registry->address() + "/theirs:docker"});
    const BaseImage docker = pull_image("theirs:docker");
    EXPECT_EQ(docker.manifest.media_type, kDockerManifest);
    EXPECT_EQ(docker.layers.at(1).diff_id, attest::Digest::of("tar1"));
}

TEST_F(Registries, KeepTheAttestationBesideTheImage)
{
    registry.emplace(RealRegistry::Options{});
    OutputImage image = make_image();
    image.bundle =
        store->put_blob(R"({"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"})");
    (void)push_image(image);
    image.bundle = store->put_blob("{}"); // a second one about the same image
    (void)push_image(image);

    // this registry has no referrers interface: a tag stands in for it
    Repository repository(*access,
                          Repository::home_of(*access, registry->address(), "team/app"),
                          Repository::Use::kPull);
    EXPECT_THAT(repository.tags(),
                UnorderedElementsAre("1", "sha256-" + image.manifest.digest.hex()));
    const std::vector<Descriptor> referrers = repository.referrers(image.manifest.digest);
    ASSERT_THAT(referrers, SizeIs(2));
    for (const Descriptor& referrer : referrers) {
        EXPECT_EQ(referrer.artifact_type, kSigstoreBundle);
        const json manifest = json::parse(repository.manifest(referrer.digest.text()).text);
        EXPECT_EQ(manifest["subject"]["digest"], image.manifest.digest.text());
    }
    EXPECT_THAT(repository.referrers(attest::Digest::of("another")), IsEmpty());
}

TEST_F(Registries, UnderTlsAreTrustedByTheAuthorityThatIsNamed)
{
    registry.emplace(RealRegistry::Options{.tls = true});
    use_access(false);
    const OutputImage image = make_image();
    EXPECT_THAT(refused([&] { return push_image(image); }),
                AllOf(HasSubstr("certificate"), HasSubstr("certs.d")));
    trust();
    (void)push_image(image);
    EXPECT_EQ(pull_image().manifest.digest, image.manifest.digest);
}

TEST_F(Registries, UnderTlsAreNotSpokenToPlainly)
{
    registry.emplace(RealRegistry::Options{});
    use_access(false);
    EXPECT_THAT(refused([&] { return pull_image(); }), HasSubstr("SSL"));
}

TEST_F(Registries, SeeTheClientsCertificate)
{
    registry.emplace(RealRegistry::Options{.tls = true, .client = true});
    use_access(false);
    const OutputImage image = make_image();
    trust();
    EXPECT_THAT(refused([&] { return push_image(image); }), HasSubstr(registry->address()));
    fs::remove_all(place.path() / "certs.d");
    trust(true);
    (void)push_image(image);
    EXPECT_EQ(pull_image().manifest.digest, image.manifest.digest);
}

TEST_F(Registries, BehindAPasswordOpenForALogin)
{
    registry.emplace(RealRegistry::Options{.password = true});
    const OutputImage image = make_image();
    EXPECT_THAT(refused([&] { return push_image(image); }), HasSubstr("docker login"));
    log_in("wrong");
    use_access(true);
    EXPECT_THAT(refused([&] { return push_image(image); }), HasSubstr("is not enough"));
    log_in();
    use_access(true);
    (void)push_image(image);
    EXPECT_EQ(pull_image().manifest.digest, image.manifest.digest);
}

/// A token service as registries have it, that knows one user.
class TokenService {
public:
    HttpServer server{[this](const std::string& head) { return answer(head); }};
    std::optional<RealRegistry>* registry = nullptr;

    [[nodiscard]] std::string realm() const { return "http://" + server.address() + "/token"; }

private:
    std::string answer(const std::string& head) const
    {
        const bool known =
            head.find("Authorization: Basic YnVpbGRlcjpzZWNyZXQ=\r\n") != std::string::npos;
        // scope=repository%3Ateam%2Fapp%3Apull%2Cpush
        constexpr std::string_view kScope = "scope=repository%3A";
        const std::size_t at = head.find(kScope);
        std::string scope =
            head.substr(at + kScope.size(), head.find_first_of("& ", at) - at - kScope.size());
        for (const auto& [from, to] :
             {std::pair("%2F", "/"), std::pair("%3A", ":"), std::pair("%2C", ",")})
            for (std::size_t found = 0; (found = scope.find(from)) != std::string::npos;)
                scope.replace(found, 3, to);
        const std::size_t colon = scope.rfind(':');
        std::vector<std::string> actions = {"pull"};
        if (known && scope.substr(colon).find("push") != std::string::npos)
            actions.emplace_back("push");
        const json body = {{"token", (*registry)->token(scope.substr(0, colon), actions)}};
        return HttpServer::response("200 OK", body.dump());
    }
};

TEST_F(Registries, BehindATokenServiceAreAskedForWhatIsNeeded)
{
    TokenService service;
    service.registry = &registry;
    registry.emplace(RealRegistry::Options{.realm = service.realm()});
    const OutputImage image = make_image();
    EXPECT_THAT(refused([&] { return push_image(image); }), HasSubstr("401 (UNAUTHORIZED"));
    log_in();
    use_access(true);
    (void)push_image(image);
    fs::remove(place.path() / "config.json");
    use_access(true);
    EXPECT_EQ(pull_image().manifest.digest, image.manifest.digest) << "anyone may pull";
    for (const std::string& head : service.server.requests())
        EXPECT_THAT(head,
                    HasSubstr("service=registry.example.org&scope=repository%3Ateam%2Fapp%3Apull"));
}

TEST_F(Registries, HoldAThousandBlobs)
{
    registry.emplace(RealRegistry::Options{});
    const OutputImage image = make_image(999);
    EXPECT_EQ(push_image(image).sent, 1000U);
    EXPECT_EQ(pull_image().manifest.digest, image.manifest.digest);
}

} // namespace
} // namespace caisson::runner
