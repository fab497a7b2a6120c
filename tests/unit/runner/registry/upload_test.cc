// Pushing one blob to a registry that breaks off, forgets, or keeps its uploads elsewhere.

#include "http_server.hh"
#include "runner/registry/repository.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::runner {
namespace {

using caisson::testing::HttpServer;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kBytes = "0123456789";

class Upload : public ::testing::Test {
protected:
    UniqueFd file = make_sealed_memfd("blob", kBytes);
    Descriptor blob{
        .media_type = kOciLayer, .digest = attest::Digest::of(kBytes), .size = kBytes.size()};
    RegistryAccess access{.hosts = Hosts({}),
                          .credentials = Credentials({}, {}),
                          .retry = {.tries = 3, .first_pause = std::chrono::milliseconds(1)}};
    std::function<std::string(int time)> put; ///< answers the PUT of that number
    std::function<std::string()> status;      ///< answers who asks for the state of an upload
    std::string begun = "202 Accepted";       ///< and the POST that begins one
    int puts = 0;
    std::string elsewhere; ///< where uploads go; empty: to the registry itself
    HttpServer server{[this](const std::string& head) { return answer(head); }};

    std::string answer(const std::string& head)
    {
        if (head.starts_with("HEAD ")) return HttpServer::response("404 Not Found", "");
        if (head.starts_with("POST "))
            return HttpServer::response(
                begun, "", "Location: " + elsewhere + "/v2/app/blobs/uploads/1?state=a\r\n");
        return head.starts_with("PUT ") ? put(++puts) : status();
    }
    Repository::Pushed push(const std::string& mount_from = {})
    {
        Repository repository(access,
                              {.host = server.address(), .path = "app", .plain_http = true},
                              Repository::Use::kPush);
        return repository.push_blob(blob, file.get(), mount_from);
    }
    [[nodiscard]] std::string last() const { return server.requests().back(); }
};

TEST_F(Upload, GoesOnWhereItBroke)
{
    put = [](int time) {
        return HttpServer::response(time == 1 ? "503 Unavailable" : "201 Created", "");
    };
    status = [] {
        return HttpServer::response(
            "204 No Content", "", "Range: 0-3\r\nLocation: /v2/app/blobs/uploads/1?state=b\r\n");
    };
    EXPECT_EQ(push(), Repository::Pushed::kSent);
    EXPECT_THAT(last(),
                AllOf(HasSubstr("PUT /v2/app/blobs/uploads/1?state=b&digest=sha256%3A"),
                      HasSubstr("Content-Range: 4-9\r\n"),
                      HasSubstr("Content-Length: 6\r\n")));
}

TEST_F(Upload, BeginsAgainWhereItIsForgotten)
{
    put = [](int time) {
        return HttpServer::response(time == 1 ? "500 Error" : "201 Created", "");
    };
    status = [] { return HttpServer::response("404 Not Found", ""); };
    EXPECT_EQ(push(), Repository::Pushed::kSent);
    EXPECT_THAT(last(),
                AllOf(HasSubstr("Content-Length: 10\r\n"), Not(HasSubstr("Content-Range"))));
}

TEST_F(Upload, IsNotTriedForever)
{
    put = [](int) { return HttpServer::response("503 Unavailable", ""); };
    status = [] { return HttpServer::response("404 Not Found", ""); };
    EXPECT_THROW((void)push(), Error);
    EXPECT_EQ(puts, access.retry.tries);
}

TEST_F(Upload, IsNotTriedAgainWhereThatCannotHelp)
{
    put = [](int) { return HttpServer::response("400 Bad Request", ""); };
    EXPECT_THROW((void)push(), Error);
    EXPECT_EQ(puts, 1);
}

TEST_F(Upload, IsSparedWhereTheRegistryTakesTheBlobOver)
{
    begun = "201 Created";
    EXPECT_EQ(push("base"), Repository::Pushed::kMounted);
    EXPECT_THAT(last(), HasSubstr("?mount=sha256%3A" + blob.digest.hex() + "&from=base"));
    EXPECT_EQ(puts, 0);
}

/// Where the registry sends it to, nobody is shown who asks.
TEST_F(Upload, TakesNoCredentialsToAnotherHost)
{
    const TempDirectory place(std::filesystem::temp_directory_path(), "caisson-upload-test-");
    write_file_atomically(place.path() / "config.json",
                          R"({"auths": {")" + server.address() +
                              R"(": {"username": "me", "password": "hush"}}})");
    access.credentials = Credentials({place.path() / "config.json"}, {});
    HttpServer other([](const std::string&) { return HttpServer::response("201 Created", ""); });
    HttpServer locked([&](const std::string& head) {
        if (head.find("Authorization: Basic") == std::string::npos)
            return HttpServer::response(
                "401 Unauthorized", "", "WWW-Authenticate: Basic realm=\"x\"\r\n");
        if (head.starts_with("HEAD ")) return HttpServer::response("404 Not Found", "");
        return HttpServer::response(
            "202 Accepted", "", "Location: http://" + other.address() + "/upload\r\n");
    });
    Repository repository(access,
                          {.host = locked.address(),
                           .path = "app",
                           .login = server.address() + "/app",
                           .plain_http = true},
                          Repository::Use::kPush);
    EXPECT_EQ(repository.push_blob(blob, file.get()), Repository::Pushed::kSent);
    EXPECT_THAT(locked.requests(), Contains(HasSubstr("Authorization: Basic")));
    EXPECT_THAT(other.requests().at(0), Not(HasSubstr("Authorization")));
}

} // namespace
} // namespace caisson::runner
