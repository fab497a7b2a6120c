#include "runner/dockerfile/parser.hh"
#include "runner/graph/cache_key.hh"
#include "runner/graph/from_dockerfile.hh"
#include "runner/graph/stage_builder.hh"
#include "sandbox/base/error.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

namespace caisson::runner {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Graph compiled(std::string_view text,
               const std::map<std::string, std::string>& given = {},
               const std::map<std::string, BaseImage>& bases = {})
{
    const Dockerfile dockerfile = parse_dockerfile(text, "Dockerfile");
    BuildArgs args(given);
    for (const Instruction& arg : dockerfile.global_args)
        args.declare_global(std::get<Arg>(arg.what), dockerfile.escape);
    const auto stages = select_stages(dockerfile, "", args, "Dockerfile");
    return compile({.dockerfile = dockerfile,
                    .stages = stages,
                    .bases = bases,
                    .args = args,
                    .plan = {},
                    .epoch = 1,
                    .file_name = "Dockerfile"});
}

const sandbox::Plan& last_plan(const Graph& graph)
{
    return std::get<RunOp>(graph.nodes.back().op).plan;
}

TEST(JoinPath, ResolvesDotsAndKeepsWhatMeansADirectory)
{
    EXPECT_EQ(join_path("/app", "x"), "/app/x");
    EXPECT_EQ(join_path("/app", "/x/../y//z"), "/y/z");
    EXPECT_EQ(join_path("/app", "."), "/app/");
    EXPECT_EQ(join_path("/app", "dir/"), "/app/dir/");
    EXPECT_EQ(join_path("/app", "../../../x"), "/x");
    EXPECT_EQ(join_path("/", ""), "/");
}

TEST(Compile, RunSeesEnvironmentArgumentsAndNothingElse)
{
    const Graph graph =
        compiled("FROM scratch\nARG A=1\nENV B=2 C=$B\nARG B=3\nRUN true\n", {{"A", "9"}});

    EXPECT_THAT(last_plan(graph).environment,
                ElementsAre("B=2",
                            "C=",
                            "A=9",
                            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                            "SOURCE_DATE_EPOCH=1"));
    EXPECT_THAT(last_plan(graph).argv, ElementsAre("/bin/sh", "-c", "true"));
}

TEST(Compile, HeredocScriptWithAnInterpreterIsRunByIt)
{
    const Graph graph =
        compiled("FROM scratch\nRUN <<EOF\n#!/usr/bin/env  python3 -u\nprint(1)\nEOF\n");

    EXPECT_THAT(last_plan(graph).argv, ElementsAre("/usr/bin/env", "python3 -u", "/dev/pipes/EOF"));
    ASSERT_EQ(last_plan(graph).files.size(), 1U);
    EXPECT_EQ(last_plan(graph).files[0].content, "#!/usr/bin/env  python3 -u\nprint(1)\n");
}

TEST(Compile, ConfigurationFollowsTheInstructions)
{
    const Graph graph = compiled("FROM scratch\nLABEL a=1 b=\"x y\"\nEXPOSE 80 53/udp "
                                 "8000-8001\nVOLUME /b /a\nUSER app\nWORKDIR /srv\nWORKDIR x\n"
                                 "STOPSIGNAL SIGINT\nSHELL [\"/bin/bash\",\"-c\"]\nCMD "
                                 "run\nONBUILD RUN echo\nHEALTHCHECK --retries=2 CMD true\n");

    EXPECT_EQ(graph.config.labels.at("b"), "x y");
    EXPECT_THAT(graph.config.exposed_ports,
                ElementsAre("53/udp", "80/tcp", "8000/tcp", "8001/tcp"));
    EXPECT_THAT(graph.config.volumes, ElementsAre("/a", "/b"));
    EXPECT_EQ(graph.config.user, "app");
    EXPECT_EQ(graph.config.working_directory, "/srv/x");
    EXPECT_THAT(graph.config.cmd, ElementsAre("/bin/bash", "-c", "run"));
    EXPECT_THAT(graph.config.onbuild, ElementsAre("RUN echo"));
    EXPECT_EQ(graph.config.healthcheck["Retries"], 2);
    EXPECT_EQ(graph.history.size(), 11U);
}

TEST(Compile, EntrypointDropsTheCmdOfTheBase)
{
    BaseImage base;
    base.config = scratch_config();
    base.config.cmd = {"/old"};

    EXPECT_THAT(compiled("FROM b\nENTRYPOINT [\"/x\"]\n", {}, {{"b", base}}).config.cmd,
                ElementsAre());
    EXPECT_THAT(
        compiled("FROM b\nCMD [\"/new\"]\nENTRYPOINT [\"/x\"]\n", {}, {{"b", base}}).config.cmd,
        ElementsAre("/new"));
}

TEST(Compile, TriggersOfTheBaseRunFirstAndAreNotInherited)
{
    BaseImage base;
    base.config = scratch_config();
    base.config.onbuild = {"ENV A=trigger", "RUN echo $A"};

    const Graph graph = compiled("FROM b\nENV A=own\n", {}, {{"b", base}});

    EXPECT_THAT(last_plan(graph).environment, Contains("A=trigger"));
    EXPECT_TRUE(graph.config.onbuild.empty());
    EXPECT_EQ(*graph.config.find_environment("A"), "own");
}

TEST(Compile, CopyGoesBelowTheWorkingDirectory)
{
    const Graph graph = compiled("FROM scratch\nWORKDIR /srv\nARG d=sub\nCOPY a b ${d}/\n");

    const auto& copy = std::get<CopyOp>(graph.nodes.back().op);
    EXPECT_EQ(copy.destination, "/srv/sub/");
    EXPECT_THAT(copy.sources, ElementsAre("a", "b"));
}

TEST(Compile, ErrorsNameTheLine)
{
    const auto refusal = [](std::string_view text) -> std::string {
        try {
            (void)compiled(text);
        } catch (const Error& error) {
            return error.what();
        }
        return "nothing was refused";
    };
    EXPECT_THAT(refusal("FROM scratch\n\nEXPOSE 99999\n"),
                HasSubstr("Dockerfile:3: EXPOSE 99999 is no port"));
    EXPECT_THAT(refusal("FROM scratch\nRUN true\nLABEL a=${b:?is needed}\n"),
                HasSubstr("Dockerfile:3: "));
}

/// CVE-2024-24557 and its like: what is not in the key poisons the cache.
TEST(CacheKey, ChangesWithEverythingThatAStepDependsOn)
{
    const KeyContext context{.policy = "sha256:p", .epoch = 1, .architecture = "amd64"};
    std::set<std::string> keys;
    const auto key = [&](const Op& op,
                         const std::vector<attest::Digest>& inputs = {},
                         const std::string& content = "",
                         const KeyContext& with = {}) {
        keys.insert(
            key_of({.op = op}, inputs, content, with.policy.empty() ? context : with).text());
    };
    sandbox::Plan plan{.argv = {"a", "b"}};
    key(RunOp{plan});
    plan.argv = {"a b"};
    key(RunOp{plan});
    plan.environment = {"X=1"};
    key(RunOp{plan});
    plan.user = "app";
    key(RunOp{plan});
    plan.limits.processes = 7;
    key(RunOp{plan});
    plan.seccomp_digest = "sha256:s";
    key(RunOp{plan});
    plan.files = {{.path = "/dev/pipes/EOF", .content = "x"}};
    key(RunOp{plan});
    key(RunOp{plan}, {attest::Digest::of("parent")});
    key(RunOp{plan}, {}, "", {.policy = "sha256:q", .epoch = 1, .architecture = "amd64"});
    key(RunOp{plan}, {}, "", {.policy = "sha256:p", .epoch = 2, .architecture = "amd64"});
    key(RunOp{plan}, {}, "", {.policy = "sha256:p", .epoch = 1, .architecture = "arm64"});
    key(CopyOp{.sources = {"a"}, .destination = "/x"}, {}, "sha256:1");
    key(CopyOp{.sources = {"a"}, .destination = "/x"}, {}, "sha256:2");
    key(CopyOp{.sources = {"a"}, .destination = "/x/"}, {}, "sha256:1");
    key(CopyOp{.sources = {"a"}, .destination = "/x", .owner = "1"}, {}, "sha256:1");
    key(CopyOp{.sources = {"a"}, .destination = "/x", .mode = "1"}, {}, "sha256:1");
    key(CopyOp{.sources = {"a"}, .destination = "/x", .unpack = true}, {}, "sha256:1");
    key(CopyOp{.inline_files = {{"a", "b"}}, .destination = "/x"});
    key(CopyOp{.sources = {"a"}, .destination = "/x", .from_node = true});
    key(CopyOp{.sources = {"b"}, .destination = "/x", .from_node = true});
    key(DirectoryOp{"/x"});
    key(BaseOp{"scratch"});
    EXPECT_EQ(keys.size(), 22U);
}

TEST(CacheKey, DoesNotDependOnTheNamesOfTreesOrSteps)
{
    sandbox::Plan plan{.name = "RUN a", .argv = {"a"}};
    const std::string before = plan_document(plan);
    plan.name = "RUN  a";
    plan.upper = "1234.5";
    plan.lowers = {"1234.4"};
    EXPECT_EQ(plan_document(plan), before);
    plan.argv = {std::string("\xff")};
    EXPECT_THAT(plan_document(plan), Not(HasSubstr("\xff")));
}

} // namespace
} // namespace caisson::runner
