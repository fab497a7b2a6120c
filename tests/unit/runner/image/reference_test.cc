#include "../store/fixture.hh"
#include "runner/image/reference.hh"

#include <gmock/gmock.h>

namespace caisson::runner {
namespace {

using ::testing::HasSubstr;

const std::string kDigest = "sha256:" + std::string(64, 'a');

struct Case {
    std::string text;
    std::string full;
    std::string familiar;
};

TEST(Reference, IsReadAsDockerReadsIt)
{
    for (const Case& wanted : {
             Case{"debian", "docker.io/library/debian:latest", "debian:latest"},
             Case{"debian:12", "docker.io/library/debian:12", "debian:12"},
             Case{"docker.io/debian", "docker.io/library/debian:latest", "debian:latest"},
             Case{"index.docker.io/a/b", "docker.io/a/b:latest", "a/b:latest"},
             Case{"a/b:1", "docker.io/a/b:1", "a/b:1"},
             Case{"localhost/a", "localhost/a:latest", "localhost/a:latest"},
             Case{"localhost:5000/x:t", "localhost:5000/x:t", "localhost:5000/x:t"},
             Case{"[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest"},
             Case{"registry.example.org/a/b-c/d__e.f:V1_x",
                  "registry.example.org/a/b-c/d__e.f:V1_x",
                  "registry.example.org/a/b-c/d__e.f:V1_x"},
             Case{"debian@" + kDigest, "docker.io/library/debian@" + kDigest, "debian@" + kDigest},
             Case{"localhost:5000/x:t@" + kDigest,
                  "localhost:5000/x:t@" + kDigest,
                  "localhost:5000/x:t@" + kDigest},
         }) {
        const Reference reference = Reference::parse(wanted.text);
        EXPECT_EQ(reference.full(), wanted.full);
        EXPECT_EQ(reference.familiar(), wanted.familiar);
    }
}

TEST(Reference, IsNeverShortenedToAnothersName)
{
    EXPECT_EQ(Reference::parse("docker.io/example.org/app").familiar(),
              "docker.io/example.org/app:latest");
    EXPECT_EQ(Reference::parse("docker.io/localhost/app").familiar(),
              "docker.io/localhost/app:latest");
    EXPECT_EQ(Reference::parse("library/a/b").familiar(), "library/a/b:latest");
    EXPECT_EQ(Reference::parse("library/localhost").familiar(), "localhost:latest");
}

TEST(Reference, TellsAHostFromADirectory)
{
    EXPECT_EQ(Reference::parse("example.org/x").domain, "example.org");
    EXPECT_EQ(Reference::parse("example/x").domain, "docker.io");
    EXPECT_EQ(Reference::parse("Example/x").domain, "Example");
    EXPECT_EQ(Reference::parse("host:1/x").domain, "host:1");
}

TEST(Reference, RefusesEverythingElse)
{
    for (const std::string& text : {std::string(),
                                    std::string("/"),
                                    std::string("a/"),
                                    std::string("/a"),
                                    std::string("a//b"),
                                    std::string(".."),
                                    std::string("a/../b"),
                                    std::string("example.org/../b"),
                                    std::string("a..b"),
                                    std::string("a___b"),
                                    std::string("-a"),
                                    std::string("a-"),
                                    std::string("A"),
                                    std::string("a:"),
                                    std::string("a:-b"),
                                    std::string("a:b/c:d:e"),
                                    std::string("a b"),
                                    std::string("a\n"),
                                    std::string("a\0b", 3),
                                    std::string("ä"),
                                    std::string("host:123456/a"),
                                    std::string("host:x/a"),
                                    std::string("-host.example/a"),
                                    std::string("[::1/a"),
                                    std::string("user@host/a"),
                                    std::string("a@sha256:abc"),
                                    std::string("a@"),
                                    "a:" + std::string(129, 't'),
                                    std::string(256, 'a')})
        EXPECT_THAT(error_of(ErrorKind::kUsage, [&] { (void)Reference::parse(text); }),
                    HasSubstr("is not the name of an image"))
            << text;
}

} // namespace
} // namespace caisson::runner
