#include "../store/fixture.hh"
#include "runner/image/config.hh"

#include <gmock/gmock.h>

namespace caisson::runner {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kDiffId = "sha256:" + std::string(64, 'a');

TEST(ImageConfig, IsWrittenWithSortedKeysAndNothingEmpty)
{
    ImageConfig config;
    config.architecture = "amd64";
    EXPECT_EQ(to_json_text(config),
              R"({"architecture":"amd64","config":{},"os":"linux",)"
              R"("rootfs":{"diff_ids":[],"type":"layers"}})");
}

TEST(ImageConfig, ComesBackAsItWasWritten)
{
    ImageConfig config = scratch_config();
    config.created = "2026-01-02T03:04:05Z";
    config.user = "app";
    config.exposed_ports = {"53/udp", "8080/tcp"};
    config.environment = {{"PATH", "/bin"}, {"EMPTY", ""}, {"EQUALS", "a=b"}};
    config.entrypoint = {"/app"};
    config.cmd = {"--serve"};
    config.volumes = {"/data"};
    config.working_directory = "/srv";
    config.labels = {{"org.example.a", "ä"}};
    config.stop_signal = "SIGINT";
    config.shell = {"/bin/bash", "-c"};
    config.healthcheck = {{"Test", {"CMD", "true"}}, {"Interval", 1000000000}};
    config.onbuild = {"RUN true"};
    config.diff_ids = {attest::Digest::of("layer")};
    config.history = {{.created = config.created, .created_by = "COPY . ."},
                      {.created_by = "CMD", .comment = "c", .empty_layer = true}};

    const ImageConfig read = config_from_json(to_json_text(config));

    EXPECT_EQ(to_json_text(read), to_json_text(config));
    EXPECT_EQ(read.environment, config.environment);
    EXPECT_EQ(read.exposed_ports, config.exposed_ports);
    EXPECT_EQ(read.diff_ids, config.diff_ids);
    EXPECT_TRUE(read.history[1].empty_layer);
}

TEST(ImageConfig, DropsWhatItDoesNotKnow)
{
    const ImageConfig config = config_from_json(
        R"({"architecture":"amd64","os":"linux","docker_version":"1","container_config":{"Cmd":7},)"
        R"("config":{"Image":"x","Env":null,"Healthcheck":{"Test":["NONE"],"Other":[[[]]]}},)"
        R"("rootfs":{"type":"layers","diff_ids":[")" +
        kDiffId + R"("]}})");

    EXPECT_THAT(config.diff_ids, ElementsAre(*attest::Digest::parse(kDiffId)));
    EXPECT_EQ(config.healthcheck.dump(), R"({"Test":["NONE"]})");
    EXPECT_THAT(to_json_text(config), ::testing::Not(HasSubstr("docker_version")));
}

TEST(ImageConfig, KeepsTheLastOfTwoVariablesOfOneName)
{
    const ImageConfig config = config_from_json(
        R"({"config":{"Env":["A=1","B=2","A=3","BARE"]},"rootfs":{"type":"layers"}})");

    ASSERT_EQ(config.environment.size(), 3U);
    EXPECT_EQ(*config.find_environment("A"), "3");
    EXPECT_EQ(*config.find_environment("BARE"), "");
    EXPECT_EQ(config.find_environment("C"), nullptr);
}

TEST(ImageConfig, RefusesWrongTypesByName)
{
    const auto refused = [](const std::string& text) {
        return error_of(ErrorKind::kInput, [&] { (void)config_from_json(text); });
    };
    EXPECT_THAT(refused("[]"), HasSubstr("not a JSON object"));
    EXPECT_THAT(refused("{"), HasSubstr("not valid JSON"));
    EXPECT_THAT(refused("{}"), HasSubstr("rootfs"));
    EXPECT_THAT(refused(R"({"os":1})"), HasSubstr("\"os\""));
    EXPECT_THAT(refused(R"({"config":[],"rootfs":{"type":"layers"}})"), HasSubstr("\"config\""));
    EXPECT_THAT(refused(R"({"config":{"Env":["A",1]},"rootfs":{"type":"layers"}})"),
                HasSubstr("\"Env\""));
    EXPECT_THAT(refused(R"({"config":{"Labels":{"a":[]}},"rootfs":{"type":"layers"}})"),
                HasSubstr("\"Labels\""));
    EXPECT_THAT(refused(R"({"rootfs":{"type":"layers","diff_ids":["sha256:../../x"]}})"),
                HasSubstr("diff id"));
    EXPECT_THAT(refused(R"({"rootfs":{"type":"layers"},"history":{"a":1}})"), HasSubstr("history"));
    EXPECT_THAT(refused(R"({"rootfs":{"type":"layers"},"history":[1]})"), HasSubstr("history"));
}

TEST(ImageConfig, RefusesToWriteWhatJsonCannotHold)
{
    ImageConfig config = scratch_config();
    config.labels["name"] = "\xff";
    EXPECT_THAT(error_of(ErrorKind::kInput, [&] { (void)to_json_text(config); }),
                HasSubstr("\\xff"));
}

TEST(Rfc3339, IsUtcWithSeconds)
{
    EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00Z");
    EXPECT_EQ(rfc3339(981173106), "2001-02-03T04:05:06Z");
}

} // namespace
} // namespace caisson::runner
