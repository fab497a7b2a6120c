#include "pull_fixture.hh"
#include "sandbox/base/file.hh"

#include <gmock/gmock.h>

namespace caisson::runner {
namespace {

using caisson::testing::HttpServer;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// The registry of the fixture, and a mirror of it below /hub/.
class Mirrored : public Pull {
protected:
    TempDirectory configuration{std::filesystem::temp_directory_path(), "caisson-mirror-test-"};
    std::optional<HttpServer> mirror;
    std::string mirror_fails; ///< answered by the mirror to everything; empty: it is whole

    void SetUp() override
    {
        Pull::SetUp();
        mirror.emplace([this](const std::string& head) {
            if (!mirror_fails.empty()) return mirror_fails;
            const std::string path = path_of(head);
            constexpr std::string_view kPrefix = "/v2/hub/";
            const auto found = answers.find("/v2/" + path.substr(kPrefix.size()));
            return path.starts_with(kPrefix) && found != answers.end()
                       ? found->second
                       : HttpServer::response("404 Not Found", "");
        });
        use_mirror(false);
    }
    void use_mirror(bool tags)
    {
        const json rules = {
            {"mirrors",
             {{{"at", mirror->address() + "/hub"}, {"tags", tags}, {"plainHttp", true}}}}};
        write_file_atomically(configuration.path() / "registries.json",
                              json({{"registries", {{server->address(), rules}}}}).dump());
        access.hosts = Hosts({configuration.path()});
    }
};

TEST_F(Mirrored, GivesBlobsAndTheRegistryMeaning)
{
    EXPECT_EQ(pull_app().manifest.digest, attest::Digest::of(manifest_text));
    EXPECT_EQ(server->requests().size(), 1U) << "what the tag means";
    EXPECT_EQ(mirror->requests().size(), 2U) << "the configuration and the layer";
}

TEST_F(Mirrored, GivesAllWhereItIsTrustedWithTags)
{
    use_mirror(true);
    EXPECT_EQ(pull_app().manifest.digest, attest::Digest::of(manifest_text));
    EXPECT_THAT(server->requests(), IsEmpty());
}

TEST_F(Mirrored, IsAskedForADigest)
{
    (void)pull_app("@" + attest::Digest::of(manifest_text).text());
    EXPECT_THAT(server->requests(), IsEmpty());
}

class FailingMirror : public Mirrored, public ::testing::WithParamInterface<const char*> {};

TEST_P(FailingMirror, IsDoneWithout)
{
    mirror_fails = GetParam();
    EXPECT_EQ(pull_app().manifest.digest, attest::Digest::of(manifest_text));
    EXPECT_THAT(mirror->requests(), Not(IsEmpty()));
}

INSTANTIATE_TEST_SUITE_P(Ways,
                         FailingMirror,
                         ::testing::Values("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
                                           "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
                                           "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",
                                           "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
                                           "nonsense\r\n\r\n"));

TEST_F(Mirrored, ThatLiesIsFound)
{
    mirror_fails = HttpServer::response("200 OK", "LAYER");
    EXPECT_THAT(refused(), HasSubstr("bytes"));
}

/// What the store does not take is no fault of the mirror: nobody else is asked for it.
TEST_F(Mirrored, IsNotBlamedForWhatIsDoneWithItsBytes)
{
    mirror_fails = HttpServer::response("200 OK", std::string(1000, 'x'));
    EXPECT_THAT(refused(), HasSubstr("it is larger than the"));
    EXPECT_EQ(server->requests().size(), 1U) << "what the tag means";
}

} // namespace
} // namespace caisson::runner
