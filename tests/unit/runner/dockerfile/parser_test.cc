#include "runner/dockerfile/parser.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::runner {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using RunStep = Run; // testing::Test has a Run of its own

/// The only instruction of a stage that begins with FROM scratch.
template<class Type>
Type parse_as(const std::string& line)
{
    const Dockerfile file = parse_dockerfile("FROM scratch\n" + line + "\n", "Dockerfile");
    EXPECT_EQ(file.stages.at(0).instructions.size(), 1U);
    return std::get<Type>(file.stages.at(0).instructions.at(0).what);
}

TEST(Parser, SortsInstructionsIntoStages)
{
    const Dockerfile file = parse_dockerfile("ARG BASE=debian\n"
                                             "FROM --platform=linux/amd64 $BASE AS Build\n"
                                             "RUN make\n"
                                             "FROM scratch\n"
                                             "COPY --from=build /a /b\n",
                                             "Dockerfile");

    ASSERT_EQ(file.global_args.size(), 1U);
    ASSERT_EQ(file.stages.size(), 2U);
    EXPECT_EQ(file.stages[0].from.image, "$BASE");
    EXPECT_EQ(file.stages[0].from.platform, "linux/amd64");
    EXPECT_EQ(file.stages[0].from.alias, "build");
    EXPECT_EQ(file.stages[0].instructions.size(), 1U);
    EXPECT_EQ(file.stages[1].from.alias, "");
    EXPECT_EQ(std::get<Copy>(file.stages[1].instructions.at(0).what).from, "build");
}

TEST(Parser, KeepsTheLinesOfAContinuedInstruction)
{
    const Dockerfile file = parse_dockerfile("FROM scratch\n"
                                             "\n"
                                             "RUN one && \\\n"
                                             "    # a remark\n"
                                             "    two\n",
                                             "Dockerfile");

    const Instruction& run = file.stages.at(0).instructions.at(0);
    EXPECT_EQ(run.location.line, 3);
    EXPECT_EQ(run.location.last_line, 5);
    EXPECT_EQ(run.original, "RUN one &&     two");
    EXPECT_EQ(std::get<RunStep>(run.what).command, "one &&     two");
}

TEST(Parser, ReadsByteOrderMarkAndCarriageReturns)
{
    const Dockerfile file = parse_dockerfile(
        "\xEF\xBB\xBF# escape=`\r\nFROM scratch\r\nRUN a `\r\n  b\r\n", "Dockerfile");

    EXPECT_EQ(file.escape, '`');
    EXPECT_EQ(std::get<RunStep>(file.stages.at(0).instructions.at(0).what).command, "a   b");
}

TEST(Parser, AcceptsTheBuiltInFrontendUnderItsNames)
{
    for (const std::string image : {"docker/dockerfile",
                                    "docker/dockerfile:1",
                                    "docker.io/docker/dockerfile:1.7-labs",
                                    "docker/dockerfile@sha256:00"})
        EXPECT_NO_THROW(
            (void)parse_dockerfile("# syntax=" + image + "\nFROM scratch\n", "Dockerfile"))
            << image;
}

TEST(Parser, WarnsOfWhatHasNoEffect)
{
    const Dockerfile file =
        parse_dockerfile("# check=skip=all\nFROM scratch\nRUN a \\\n\n  b\n", "Dockerfile");

    EXPECT_THAT(file.warnings,
                ElementsAre(testing::StartsWith("Dockerfile:1: the check directive"),
                            testing::StartsWith("Dockerfile:3: an empty line")));
}

TEST(Parser, ReadsBothFormsOfEnv)
{
    EXPECT_THAT(parse_as<Env>("ENV a=1 b=\"2 3\" c=4\\ 5").values,
                ElementsAre(Pair("a", "1"), Pair("b", "\"2 3\""), Pair("c", "4\\ 5")));
    EXPECT_THAT(parse_as<Env>("ENV a 1 b=2").values, ElementsAre(Pair("a", "1 b=2")));
}

TEST(Parser, TellsAnArgumentWithoutValueFromAnEmptyOne)
{
    EXPECT_THAT(parse_as<Arg>("ARG a b= c=1").values,
                ElementsAre(Pair("a", std::nullopt), Pair("b", ""), Pair("c", "1")));
}

TEST(Parser, ReadsCopyInAllItsForms)
{
    const Copy copy = parse_as<Copy>("COPY --from=1 --chown=a:b --chmod=0755 x y /z/");
    EXPECT_FALSE(copy.add);
    EXPECT_EQ(copy.from, "1");
    EXPECT_EQ(copy.chown, "a:b");
    EXPECT_EQ(copy.chmod, "0755");
    EXPECT_THAT(copy.sources, ElementsAre("x", "y"));
    EXPECT_EQ(copy.destination, "/z/");

    const Copy add = parse_as<Copy>("ADD [\"a b\", \"/c d\"]");
    EXPECT_TRUE(add.add);
    EXPECT_THAT(add.sources, ElementsAre("a b"));
    EXPECT_EQ(add.destination, "/c d");
}

TEST(Parser, ReadsInlineFilesOfCopy)
{
    const Copy copy = parse_as<Copy>("COPY <<one <<-\"two\" three /dir/\n"
                                     "\t$a\n"
                                     "one\n"
                                     "\t$b\n"
                                     "\ttwo");

    ASSERT_EQ(copy.inline_files.size(), 2U);
    EXPECT_EQ(copy.inline_files[0].name, "one");
    EXPECT_EQ(copy.inline_files[0].content, "\t$a\n");
    EXPECT_TRUE(copy.inline_files[0].expand);
    EXPECT_EQ(copy.inline_files[1].content, "$b\n");
    EXPECT_FALSE(copy.inline_files[1].expand);
    EXPECT_THAT(copy.sources, ElementsAre("three"));
}

TEST(Parser, TellsRunFormsApart)
{
    const RunStep shell = parse_as<RunStep>("RUN echo \"a\" | cat");
    EXPECT_TRUE(shell.shell_form);
    EXPECT_EQ(shell.command, "echo \"a\" | cat");

    const RunStep exec = parse_as<RunStep>(R"(RUN ["/bin/a", "b c"])");
    EXPECT_FALSE(exec.shell_form);
    EXPECT_THAT(exec.argv, ElementsAre("/bin/a", "b c"));

    const RunStep fallen_back = parse_as<RunStep>(R"(RUN ["/bin/a", 'b'])");
    EXPECT_TRUE(fallen_back.shell_form);
    EXPECT_EQ(fallen_back.command, R"(["/bin/a", 'b'])");
}

TEST(Parser, MakesALoneHeredocAScript)
{
    const RunStep run = parse_as<RunStep>("RUN <<-EOF\n\techo a\n\t# not a comment\n\tEOF");

    ASSERT_TRUE(run.script.has_value());
    EXPECT_EQ(run.script->content, "echo a\n# not a comment\n");
    EXPECT_TRUE(parse_as<RunStep>("RUN << EOF\nx\nEOF").script.has_value());
}

TEST(Parser, LeavesOtherHeredocsToTheShell)
{
    const RunStep run = parse_as<RunStep>("RUN cat <<-A - 3<<'B'\n\tone\nA\ntwo\nB");

    EXPECT_FALSE(run.script.has_value());
    EXPECT_EQ(run.command, "cat <<-A - 3<<'B'\n\tone\nA\ntwo\nB");
    EXPECT_FALSE(parse_as<RunStep>("RUN echo '<<EOF'").script.has_value());
    EXPECT_FALSE(parse_as<RunStep>("RUN [\"<<EOF\"]").script.has_value());
}

TEST(Parser, ReadsHealthchecks)
{
    EXPECT_THAT(parse_as<Healthcheck>("HEALTHCHECK NONE").test, ElementsAre("NONE"));

    const Healthcheck shell = parse_as<Healthcheck>(
        "HEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=500ms "
        "--start-interval=0 --retries=3 CMD curl -f http://localhost/ || exit 1");
    EXPECT_THAT(shell.test, ElementsAre("CMD-SHELL", "curl -f http://localhost/ || exit 1"));
    EXPECT_EQ(shell.interval, 90'000'000'000);
    EXPECT_EQ(shell.timeout, 1'500'000'000);
    EXPECT_EQ(shell.start_period, 500'000'000);
    EXPECT_EQ(shell.start_interval, 0);
    EXPECT_EQ(shell.retries, 3);

    EXPECT_THAT(parse_as<Healthcheck>(R"(HEALTHCHECK CMD ["a", "b"])").test,
                ElementsAre("CMD", "a", "b"));
}

TEST(Parser, ReadsTheSmallInstructions)
{
    EXPECT_EQ(parse_as<Workdir>("workdir /a b").path, "/a b");
    EXPECT_EQ(parse_as<User>("USER u:g").user, "u:g");
    EXPECT_EQ(parse_as<StopSignal>("STOPSIGNAL SIGTERM").signal, "SIGTERM");
    EXPECT_EQ(parse_as<Maintainer>("MAINTAINER A <a@example.org>").name, "A <a@example.org>");
    EXPECT_THAT(parse_as<Shell>(R"(SHELL ["/bin/bash", "-c"])").argv,
                ElementsAre("/bin/bash", "-c"));
    EXPECT_THAT(parse_as<Expose>("EXPOSE 80/tcp 443 53/udp").ports,
                ElementsAre("443", "53/udp", "80/tcp"));
    EXPECT_THAT(parse_as<Volume>(R"(VOLUME ["/a b", "/c"])").paths, ElementsAre("/a b", "/c"));
    EXPECT_THAT(parse_as<Volume>("VOLUME /a /b").paths, ElementsAre("/a", "/b"));
    EXPECT_THAT(parse_as<Label>("LABEL a.b=\"c\"").values, ElementsAre(Pair("a.b", "\"c\"")));
    EXPECT_THAT(parse_as<Cmd>("CMD a b").words, ElementsAre("a b"));
    EXPECT_THAT(parse_as<Entrypoint>("ENTRYPOINT []").words, IsEmpty());
}

TEST(Parser, KeepsTriggersAsWritten)
{
    EXPECT_EQ(parse_as<Onbuild>("ONBUILD   run  echo \"a\"").instruction, "run  echo \"a\"");

    const Onbuild with_heredoc = parse_as<Onbuild>("ONBUILD COPY <<EOF /x\n\thello\nEOF");
    EXPECT_EQ(with_heredoc.instruction, "COPY <<EOF /x\n\thello\nEOF");
    const Instruction trigger = parse_instruction(with_heredoc.instruction, "ONBUILD of base");
    EXPECT_EQ(std::get<Copy>(trigger.what).inline_files.at(0).content, "\thello\n");
}

TEST(Parser, KnowsRemoteSources)
{
    for (const char* source : {"http://example.org/a",
                               "HTTPS://example.org/a",
                               "git@example.org:a/b.git",
                               "git://example.org/a"})
        EXPECT_TRUE(is_remote_source(source)) << source;
    for (const char* source : {"http", "a/http://", "./https:", "github.com"})
        EXPECT_FALSE(is_remote_source(source)) << source;
}

} // namespace
} // namespace caisson::runner
