#include "runner/registry/hosts.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::runner {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class HostsTest : public ::testing::Test {
protected:
    TempDirectory place{fs::temp_directory_path(), "caisson-hosts-test-"};

    void write(const std::string& name, const std::string& text) const
    {
        fs::create_directories((place.path() / name).parent_path());
        write_file_atomically(place.path() / name, text);
    }
    [[nodiscard]] Hosts hosts() const
    {
        return Hosts({place.path() / "own", place.path() / "etc"});
    }
    [[nodiscard]] std::string refused() const
    {
        try {
            (void)hosts();
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::kUsage);
            return error.what();
        }
        return {};
    }
};

TEST_F(HostsTest, KnowNothingOfMost)
{
    EXPECT_FALSE(hosts().rules("registry.example.org").plain_http);
    EXPECT_TRUE(hosts().tls("registry.example.org").authorities.empty());
}

TEST_F(HostsTest, ReadMirrorsAndWhoIsSpokenToPlainly)
{
    write("own/registries.json", R"({
        // the office's
        "registries": {
            "docker.io": {"mirrors": [{"at": "mirror.example.org/hub", "tags": true}, {"at": "b:5000"}]},
            "registry.example.org:5000": {"plainHttp": true}
        }})");
    const HostRules hub = hosts().rules("docker.io");
    ASSERT_EQ(hub.mirrors.size(), 2U);
    EXPECT_EQ(hub.mirrors[0].at, "mirror.example.org/hub");
    EXPECT_TRUE(hub.mirrors[0].tags);
    EXPECT_FALSE(hub.mirrors[1].tags)
        << "a mirror says what a tag means only where that is allowed";
    EXPECT_FALSE(hub.plain_http);
    EXPECT_TRUE(hosts().rules("registry.example.org:5000").plain_http);
    EXPECT_FALSE(hosts().rules("registry.example.org").plain_http);
}

TEST_F(HostsTest, TakeTheUsersWordBeforeTheMachines)
{
    write("etc/registries.json",
          R"({"registries": {"a": {"plainHttp": true}, "b": {"plainHttp": true}}})");
    write("own/registries.json", R"({"registries": {"a": {}}})");
    EXPECT_FALSE(hosts().rules("a").plain_http);
    EXPECT_TRUE(hosts().rules("b").plain_http);
}

TEST_F(HostsTest, RefuseAFileThatTheyDoNotUnderstand)
{
    for (const auto& [text, why] : std::map<std::string, std::string>{
             {"[]", "not a JSON object"},
             {R"({"registry": {}})", "\"registry\" is unknown"},
             {R"({"registries": {"a": {"plain_http": true}}})", "\"plain_http\" is unknown"},
             {R"({"registries": {"a": {"plainHttp": "yes"}}})", "plainHttp"},
             {R"({"registries": {"a": {"mirrors": [{"at": "https://b"}]}}})",
              "no place of a mirror"},
             {R"({"registries": {"a": {"mirrors": [{}]}}})", "no place of a mirror"}}) {
        write("own/registries.json", text);
        EXPECT_THAT(refused(), HasSubstr(why)) << text;
        EXPECT_THAT(refused(), HasSubstr("own/registries.json")) << text;
    }
}

TEST_F(HostsTest, FindCertificatesAsDockerLaysThemOut)
{
    write("etc/certs.d/registry.example.org:5000/ca.crt", "ONE");
    write("etc/certs.d/registry.example.org:5000/other.crt", "TWO");
    write("etc/certs.d/registry.example.org:5000/client.cert", "C");
    write("etc/certs.d/registry.example.org:5000/client.key", "K");
    const TlsSettings tls = hosts().tls("registry.example.org:5000");
    EXPECT_EQ(tls.authorities, "ONE\nTWO\n");
    EXPECT_EQ(tls.certificate.filename(), "client.cert");
    EXPECT_EQ(tls.key.filename(), "client.key");
    EXPECT_TRUE(hosts().tls("registry.example.org").authorities.empty());

    fs::remove(place.path() / "etc/certs.d/registry.example.org:5000/client.key");
    EXPECT_THROW((void)hosts().tls("registry.example.org:5000"), Error);
}

} // namespace
} // namespace caisson::runner
