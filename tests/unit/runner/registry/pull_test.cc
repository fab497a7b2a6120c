#include "pull_fixture.hh"

#include <gmock/gmock.h>

namespace caisson::runner {
namespace {

using caisson::testing::HttpServer;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(Pull, BringsAnImageIntoTheStore)
{
    const BaseImage image = pull_app();

    EXPECT_EQ(image.manifest.digest, attest::Digest::of(manifest_text));
    EXPECT_EQ(store->read_blob(image.layers.at(0).blob.digest), "layer");
    EXPECT_EQ(image.source, server->address() + "/app:1");
    EXPECT_THAT(image.resolved,
                AllOf(HasSubstr("pkg:docker/app@1?digest=sha256%3A" + image.manifest.digest.hex()),
                      HasSubstr("repository_url=127.0.0.1%3A")));
}

TEST_F(Pull, AsksForWhatTheStoreHasNotYet)
{
    (void)pull_app();
    const std::size_t first = server->requests().size();
    (void)pull_app();
    EXPECT_EQ(server->requests().size() - first, 1U) << "only what the tag means now";
}

TEST_F(Pull, FollowsAnIndexToThisMachine)
{
    json child = {{"mediaType", kOciManifest},
                  {"digest", attest::Digest::of(manifest_text).text()},
                  {"size", manifest_text.size()},
                  {"platform", {{"os", "linux"}, {"architecture", host_architecture()}}}};
    manifest = {
        {"schemaVersion", 2}, {"mediaType", kOciIndex}, {"manifests", json::array({child})}};
    use_manifest(kOciIndex);

    const BaseImage image = pull_app();

    EXPECT_EQ(image.manifest.digest.text(), child["digest"]);
    EXPECT_EQ(image.index, attest::Digest::of(manifest_text));

    EXPECT_FALSE(keep_pulled(*store, image));
    const auto kept = load_from_store(*store, image.source);
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->manifest.digest, image.manifest.digest);
    EXPECT_EQ(kept->resolved, image.resolved);
    EXPECT_EQ(kept->index, image.index) << "a statement about a second build says as much";
}

TEST_F(Pull, HoldsTheRegistryToADigest)
{
    const std::string digest = "sha256:" + std::string(64, 'a');
    answers["/v2/app/manifests/" + digest] = answers["/v2/app/manifests/1"];

    EXPECT_THAT(refused("@" + digest), HasSubstr("sent a manifest with the digest"));
    EXPECT_NO_THROW(pull_app("@" + attest::Digest::of(manifest_text).text()));
}

TEST_F(Pull, RefusesABlobThatIsNotWhatItsDigestSays)
{
    answers[blob_path("layer")] = HttpServer::response("200 OK", "LAYER");
    EXPECT_THAT(refused(),
                AllOf(HasSubstr(server->address() + "/app:1"),
                      HasSubstr(attest::Digest::of("layer").text()),
                      HasSubstr("its bytes have the digest")));
    EXPECT_FALSE(store->has_blob(attest::Digest::of("LAYER")));
}

TEST_F(Pull, StopsABlobThatGrowsOnAndOn)
{
    answers[blob_path("layer")] = HttpServer::response("200 OK", std::string(8U << 20, 'x'));
    EXPECT_THAT(refused(), HasSubstr("larger than the 5 bytes promised"));
}

TEST_F(Pull, RefusesABlobThatWasCutShort)
{
    answers[blob_path("layer")] =
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlay";
    EXPECT_THAT(refused(), HasSubstr(attest::Digest::of("layer").text()));
    answers[blob_path("layer")] = HttpServer::response("200 OK", "lay");
    EXPECT_THAT(refused(), HasSubstr("3 bytes instead of the 5 promised"));
}

TEST_F(Pull, RefusesAManifestThatIsTooLarge)
{
    answers["/v2/app/manifests/1"] =
        HttpServer::response("200 OK", std::string((4U << 20) + 1, ' '));
    EXPECT_THAT(refused(), HasSubstr("the answer is larger than 4194304 bytes"));
}

TEST_F(Pull, RefusesSchemaOne)
{
    use_manifest("application/vnd.docker.distribution.manifest.v1+prettyjws");
    EXPECT_THAT(refused(), HasSubstr("schema 1"));
}

TEST_F(Pull, TellsWhatTheRegistrySaysWithoutItsControlBytes)
{
    EXPECT_THAT(refused(":absent"),
                AllOf(HasSubstr("app:absent"),
                      HasSubstr("404 (MANIFEST_UNKNOWN: no such\\u{1b}[2J)"),
                      Not(HasSubstr("\x1b"))));
}

TEST_F(Pull, SpeaksPlainHttpOnlyWhereItMay)
{
    access.plain_http_loopback = false;
    (void)refused();
    for (const std::string& request : server->requests())
        EXPECT_THAT(request, Not(HasSubstr("GET")));
}

TEST_F(Pull, SaysThatNobodyIsThere)
{
    const std::string address = server->address();
    server.reset();
    EXPECT_THAT(
        error_of(ErrorKind::kInput, [&] { (void)pull(*store, access, address + "/app:1"); }),
        AllOf(HasSubstr(address), HasSubstr("onnect")));
}

/// A registry that wants a token, and keeps its blobs elsewhere.
class PullWithToken : public Pull {
protected:
    std::string token = "abc.def";

    std::string answer(const std::string& head) override
    {
        const std::string here = "http://" + server->address();
        if (path_of(head).starts_with("/token"))
            return HttpServer::response("200 OK", json({{"token", token}}).dump());
        if (path_of(head).starts_with("/elsewhere/")) return answers.at(path_of(head).substr(10));
        if (head.find("Authorization: Bearer abc.def\r\n") == std::string::npos)
            return HttpServer::response(
                "401 Unauthorized",
                "",
                "WWW-Authenticate: Basic realm=\"no\"\r\nWWW-Authenticate: Bearer realm=\"" + here +
                    "/token\",service=\"test\",scope=\"repository:app:pull\"\r\n");
        if (path_of(head).find("/blobs/") != std::string::npos)
            return HttpServer::response(
                "307 Temporary Redirect",
                "",
                "Location: http://localhost:" + std::to_string(server->port()) + "/elsewhere" +
                    path_of(head) + "\r\n");
        return Pull::answer(head);
    }
};

TEST_F(PullWithToken, AsksForOneAndShowsItToNobodyElse)
{
    EXPECT_NO_THROW(pull_app());

    std::size_t shown = 0;
    std::size_t elsewhere = 0;
    for (const std::string& head : server->requests()) {
        const bool has_token = head.find("Authorization:") != std::string::npos;
        shown += has_token ? 1U : 0U;
        if (path_of(head).starts_with("/token")) {
            EXPECT_EQ(path_of(head), "/token?service=test&scope=repository%3Aapp%3Apull");
            EXPECT_FALSE(has_token);
        }
        if (head.find("/elsewhere/") == std::string::npos) continue;
        ++elsewhere;
        EXPECT_FALSE(has_token) << head;
    }
    EXPECT_EQ(elsewhere, 2U) << "the configuration and the layer";
    EXPECT_EQ(shown, 3U) << "the manifest, the configuration, the layer";
}

TEST_F(PullWithToken, GivesUpOnATokenThatDoesNotHelp)
{
    token = "other";
    EXPECT_THAT(refused(), HasSubstr("the registry answers 401"));
}

TEST_F(PullWithToken, RefusesATokenThatWouldBeAnotherHeader)
{
    token = "abc\r\nX-Evil: 1";
    EXPECT_THAT(refused(), HasSubstr("has no token"));
}

} // namespace
} // namespace caisson::runner
