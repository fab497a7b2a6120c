#include "../store/fixture.hh"
#include "runner/image/descriptor.hh"

#include <gmock/gmock.h>

namespace caisson::runner {
namespace {

using ::testing::HasSubstr;

const std::string kHex(64, 'a');

std::string refused(const nlohmann::json& json)
{
    return error_of(ErrorKind::kInput, [&] { (void)descriptor_from_json(json); });
}

TEST(Descriptor, ComesBackAsItWasWritten)
{
    const nlohmann::json json = {{"mediaType", kOciManifest},
                                 {"digest", "sha256:" + kHex},
                                 {"size", 7},
                                 {"artifactType", "text/plain"},
                                 {"annotations", {{"a", "b"}}},
                                 {"platform", {{"os", "linux"}, {"architecture", "amd64"}}}};
    EXPECT_EQ(to_json(descriptor_from_json(json)), json);
}

TEST(Descriptor, KeepsOnlyTheKnownMembersOfAPlatform)
{
    const Descriptor descriptor =
        descriptor_from_json({{"mediaType", "a/b"},
                              {"digest", "sha256:" + kHex},
                              {"size", 1},
                              {"urls", {"https://example.org/x"}},
                              {"platform", {{"os", "linux"}, {"deep", {{{}}}}}}});
    EXPECT_EQ(descriptor.platform.dump(), R"({"os":"linux"})");
}

TEST(Descriptor, RefusesWhatIsNoDigest)
{
    for (const std::string& digest : {std::string(""),
                                      std::string("sha256:"),
                                      "sha256:" + kHex + "0",
                                      "sha256:" + std::string(64, 'A'),
                                      std::string("sha256:../../../../etc/passwd"),
                                      "sha256:" + std::string(58, 'a') + "/../..",
                                      "sha512:" + kHex + kHex,
                                      kHex}) {
        EXPECT_THAT(refused({{"mediaType", "a/b"}, {"digest", digest}, {"size", 1}}),
                    HasSubstr("is not a digest"))
            << digest;
    }
    EXPECT_THAT(refused({{"mediaType", "a/b"}, {"digest", 7}, {"size", 1}}),
                HasSubstr("\"digest\""));
}

TEST(Descriptor, RefusesWhatIsNoSize)
{
    const nlohmann::json base = {{"mediaType", "a/b"}, {"digest", "sha256:" + kHex}};
    EXPECT_THAT(refused(base), HasSubstr("size"));
    for (const char* size : {"-1", "1.5", "\"1\"", "18446744073709551615", "1e3", "null"}) {
        nlohmann::json json = base;
        json["size"] = nlohmann::json::parse(size);
        EXPECT_THAT(refused(json), HasSubstr("size")) << size;
    }
}

TEST(Descriptor, RefusesAMissingMediaType)
{
    EXPECT_THAT(refused({{"digest", "sha256:" + kHex}, {"size", 1}}), HasSubstr("mediaType"));
    EXPECT_THAT(refused(nlohmann::json::array()), HasSubstr("not a JSON object"));
}

} // namespace
} // namespace caisson::runner
