#include "http_server.hh"
#include "runner/transport/http.hh"
#include "runner/transport/url.hh"
#include "sandbox/base/file.hh"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::runner {
namespace {

using caisson::testing::HttpServer;
using ::testing::HasSubstr;
using ::testing::Not;
using Method = HttpRequest::Method;

TEST(Url, HasAnOrigin)
{
    EXPECT_EQ(origin_of("HTTPS://Registry.Example.org/v2/").authority(), "registry.example.org");
    EXPECT_EQ(origin_of("https://a:443/x"), origin_of("https://A/y"));
    EXPECT_NE(origin_of("https://a/x"), origin_of("http://a/x"));
    EXPECT_NE(origin_of("https://a:5000/x"), origin_of("https://a/x"));
    EXPECT_EQ(origin_of("https://user:pw@a:5000/x").authority(), "a:5000");
    EXPECT_EQ(origin_of("https://[::1]:5000/x").authority(), "[::1]:5000");
    for (const char* wrong : {"", "a", "/v2/", "https://", "https:// a/"})
        EXPECT_THROW((void)origin_of(wrong), Error) << wrong;
}

TEST(Url, IsResolvedAgainstTheOneBefore)
{
    EXPECT_EQ(resolve_url("https://a/v2/x?y=1", "/v2/z?k=v"), "https://a/v2/z?k=v");
    EXPECT_EQ(resolve_url("https://a/v2/x", "https://b/"), "https://b/");
    EXPECT_EQ(resolve_url("https://a/v2/x", "//b/z"), "https://b/z");
    EXPECT_EQ(with_parameter("https://a/x?y=1", "digest", "sha256:0"),
              "https://a/x?y=1&digest=sha256%3A0");
}

TEST(Http, FollowsRedirectsButNotForever)
{
    HttpServer server([&](const std::string& head) {
        if (head.find("GET /end ") != std::string::npos)
            return HttpServer::response("200 OK", "there");
        const bool first = head.find(" /start ") != std::string::npos;
        return HttpServer::response(
            "302 Found", "", std::string("Location: ") + (first ? "/end" : "/loop") + "\r\n");
    });
    HttpClient client;
    const std::string base = "http://" + server.address();
    const HttpResponse response = client.send({.url = base + "/start", .plain_http = true});
    EXPECT_EQ(response.body, "there");
    EXPECT_EQ(response.url, base + "/end");
    EXPECT_THROW((void)client.send({.url = base + "/loop", .plain_http = true}), Error);
    EXPECT_EQ(server.requests().size(), 2U + 6U);
}

TEST(Http, ShowsCredentialsToNobodyElse)
{
    HttpServer other([](const std::string&) { return HttpServer::response("200 OK", "other"); });
    HttpServer server([&](const std::string&) {
        return HttpServer::response(
            "307 Temporary Redirect", "", "Location: http://" + other.address() + "/\r\n");
    });
    HttpClient client;
    const HttpResponse response = client.send({.url = "http://" + server.address() + "/",
                                               .authorization = "Bearer secret",
                                               .plain_http = true});
    EXPECT_EQ(response.body, "other");
    EXPECT_THAT(server.requests().at(0), HasSubstr("Authorization: Bearer secret\r\n"));
    EXPECT_THAT(other.requests().at(0), Not(HasSubstr("secret")));
}

TEST(Http, SendsAPartOfAFile)
{
    std::string got;
    HttpServer server([&](const std::string& head) {
        got = head;
        return HttpServer::response("201 Created", "");
    });
    const TempDirectory place(std::filesystem::temp_directory_path(), "caisson-http-test-");
    write_file_atomically(place.path() / "blob", "0123456789");
    const UniqueFd file = open_file(place.path() / "blob", O_RDONLY);
    HttpClient client;
    const HttpResponse response =
        client.send({.method = Method::kPut,
                     .url = "http://" + server.address() + "/u",
                     .plain_http = true,
                     .body = {.file = file.get(), .offset = 3, .size = 4}});
    EXPECT_EQ(response.status, 201);
    EXPECT_THAT(got, HasSubstr("PUT /u HTTP/1.1\r\n"));
    EXPECT_THAT(got, HasSubstr("Content-Length: 4\r\n"));
    EXPECT_THAT(got, Not(HasSubstr("Expect:")));
}

TEST(Http, SpeaksNoOtherProtocol)
{
    HttpClient client;
    for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:9/x"})
        EXPECT_THROW((void)client.send({.url = url, .plain_http = true}), Error) << url;
}

TEST(Http, EndsWhenItIsToldTo)
{
    HttpServer server([](const std::string&) {
        std::this_thread::sleep_for(std::chrono::seconds(2));
        return HttpServer::response("200 OK", "late");
    });
    HttpClient client({.checkpoint = [] { throw Error(ErrorKind::kInterrupted, "stopped"); }});
    EXPECT_THROW((void)client.send({.url = "http://" + server.address() + "/", .plain_http = true}),
                 Error);
}

} // namespace
} // namespace caisson::runner
