#include "runner/dockerfile/parser.hh"
#include "sandbox/base/error.hh"

#include <gtest/gtest.h>

namespace caisson::runner {
namespace {

std::string error_of(const std::string& text)
{
    try {
        (void)parse_dockerfile(text, "Dockerfile");
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kUsage);
        return error.what();
    }
    return "accepted";
}

std::string first_line_of_error(const std::string& text)
{
    const std::string message = error_of(text);
    return message.substr(0, message.find('\n'));
}

/// The reason for which a line below FROM scratch is refused.
std::string reason(const std::string& line)
{
    return first_line_of_error("FROM scratch\n" + line + "\n");
}

TEST(ParserError, ShowsLineAndCaret)
{
    EXPECT_EQ(error_of("FROM scratch\n\n  RNU apt-get update\n"),
              "Dockerfile:3: unknown instruction \"RNU\" (hint: did you mean RUN?)\n"
              "    RNU apt-get update\n"
              "    ^");
    EXPECT_EQ(error_of("FROM scratch\nCOPY\t--form=a b c\n"),
              "Dockerfile:2: unknown option COPY --form (hint: did you mean --from?)\n"
              "  COPY\t--form=a b c\n"
              "      \t^");
}

TEST(ParserError, PointsIntoTheContinuedLineThatIsWrong)
{
    EXPECT_EQ(error_of("FROM scratch\nCOPY --chown=a \\\n  --link \\\n  b c\n"),
              "Dockerfile:3: COPY --link is not supported yet\n"
              "    --link \\\n"
              "    ^");
}

TEST(ParserError, ShowsALongLineInPart)
{
    const std::string message = error_of("FROM scratch\nENV " + std::string(5000, 'a') + "=1 b\n");

    EXPECT_LT(message.size(), 500U);
    EXPECT_TRUE(message.ends_with("^"));
}

TEST(ParserError, LetsNoControlCharacterThrough)
{
    const std::string message = error_of("FROM scratch\n\x1b[2JRUN x\n");

    EXPECT_EQ(message.find('\x1b'), std::string::npos) << message;
}

TEST(ParserError, NamesWhatIsNotSupportedYet)
{
    EXPECT_EQ(reason("RUN --mount=type=cache,target=/x make"),
              "Dockerfile:2: RUN --mount is not supported yet");
    EXPECT_EQ(reason("RUN --network=none x"), "Dockerfile:2: RUN --network is not supported yet");
    EXPECT_EQ(reason("RUN --security=insecure x"),
              "Dockerfile:2: RUN --security is not supported yet");
    EXPECT_EQ(reason("COPY --parents a b"), "Dockerfile:2: COPY --parents is not supported yet");
    EXPECT_EQ(reason("COPY --exclude=x a b"), "Dockerfile:2: COPY --exclude is not supported yet");
    EXPECT_EQ(reason("ADD --checksum=sha256:0 a b"),
              "Dockerfile:2: ADD --checksum is not supported yet");
    EXPECT_EQ(reason("ADD --keep-git-dir a b"),
              "Dockerfile:2: ADD --keep-git-dir is not supported yet");
    EXPECT_EQ(reason("ADD --link a b"), "Dockerfile:2: ADD --link is not supported yet");
    EXPECT_EQ(reason("ADD --unpack=false a b"), "Dockerfile:2: ADD --unpack is not supported yet");
    EXPECT_EQ(reason("ADD https://example.org/x /x"),
              "Dockerfile:2: ADD of a URL or a git repository is not supported yet");
    EXPECT_EQ(
        reason("COPY --chmod=u+x a b"),
        "Dockerfile:2: COPY --chmod=u+x is not supported yet (hint: write the mode as a number, "
        "like 755)");
}

TEST(ParserError, RefusesUnknownAndRepeatedOptions)
{
    EXPECT_EQ(reason("ENV --x a=b"), "Dockerfile:2: unknown option ENV --x");
    EXPECT_EQ(reason("ARG --x a"), "Dockerfile:2: unknown option ARG --x");
    EXPECT_EQ(reason("COPY --from=a --from=b c d"), "Dockerfile:2: COPY --from is given twice");
    EXPECT_EQ(reason("COPY --from a b"),
              "Dockerfile:2: COPY --from needs a value (hint: write --from=VALUE)");
    EXPECT_EQ(reason("ADD --from=a b c"), "Dockerfile:2: unknown option ADD --from");
    EXPECT_EQ(reason("HEALTHCHECK --retries=1 NONE"),
              "Dockerfile:2: unknown option HEALTHCHECK --retries");
}

TEST(ParserError, RefusesMissingArguments)
{
    for (const std::string command : {"ARG",
                                      "CMD",
                                      "ENTRYPOINT",
                                      "ENV",
                                      "EXPOSE",
                                      "LABEL",
                                      "MAINTAINER",
                                      "STOPSIGNAL",
                                      "USER",
                                      "VOLUME",
                                      "WORKDIR"})
        EXPECT_EQ(reason(command), "Dockerfile:2: " + command + " needs an argument");
    EXPECT_EQ(reason("RUN"), "Dockerfile:2: RUN needs a command");
    EXPECT_EQ(reason("RUN []"), "Dockerfile:2: RUN needs a command");
    EXPECT_EQ(reason("ONBUILD"), "Dockerfile:2: ONBUILD needs an instruction");
    EXPECT_EQ(reason("COPY a"), "Dockerfile:2: COPY needs a source and a destination");
    EXPECT_EQ(reason("HEALTHCHECK"), "Dockerfile:2: HEALTHCHECK needs CMD or NONE");
    EXPECT_EQ(reason("HEALTHCHECK CMD"), "Dockerfile:2: HEALTHCHECK CMD needs a command");
    EXPECT_EQ(reason("VOLUME [\"\"]"), "Dockerfile:2: VOLUME needs a path, not an empty string");
    EXPECT_EQ(reason("ENV a"), "Dockerfile:2: ENV needs a name and a value");
    EXPECT_EQ(reason("ENV =a"), "Dockerfile:2: ENV needs a name before the =");
    EXPECT_EQ(reason("SHELL sh -c"),
              "Dockerfile:2: SHELL needs a JSON array of strings (hint: write SHELL [\"/bin/sh\", "
              "\"-c\"])");
}

TEST(ParserError, RefusesBadHealthchecks)
{
    EXPECT_EQ(reason("HEALTHCHECK TCP 80"),
              "Dockerfile:2: unknown HEALTHCHECK TCP (hint: write CMD or NONE)");
    EXPECT_EQ(
        reason("HEALTHCHECK --interval=5 CMD a"),
        "Dockerfile:2: HEALTHCHECK --interval: \"5\" is not a duration (hint: write 30s, 1m30s or "
        "500ms)");
    EXPECT_EQ(reason("HEALTHCHECK --timeout=10us CMD a"),
              "Dockerfile:2: HEALTHCHECK --timeout is below 1ms");
    EXPECT_EQ(
        reason("HEALTHCHECK --timeout=9999999999h CMD a"),
        "Dockerfile:2: HEALTHCHECK --timeout: \"9999999999h\" is not a duration (hint: write 30s, "
        "1m30s or 500ms)");
    EXPECT_EQ(reason("HEALTHCHECK --retries=-1 CMD a"),
              "Dockerfile:2: HEALTHCHECK --retries: \"-1\" is not a count");
}

TEST(ParserError, RefusesBadStages)
{
    EXPECT_EQ(first_line_of_error("FROM a AS b\nFROM c AS B\n"),
              "Dockerfile:2: the stage name \"b\" is taken by line 1");
    EXPECT_EQ(first_line_of_error("FROM a AS 1b\n").substr(0, 49),
              "Dockerfile:1: the stage name \"1b\" is not valid (h");
    EXPECT_EQ(
        first_line_of_error("FROM a b\n"),
        "Dockerfile:1: FROM takes an image, or an image and AS with a name (hint: write FROM image "
        "AS name)");
    EXPECT_EQ(first_line_of_error("ARG a\nRUN x\nFROM b\n"),
              "Dockerfile:2: RUN comes before the first FROM (hint: only ARG may)");
    EXPECT_EQ(first_line_of_error("ARG a\n"), "Dockerfile:1: there is no FROM");
    EXPECT_EQ(first_line_of_error(""), "Dockerfile:1: the file holds no instruction");
}

TEST(ParserError, RefusesAnUnterminatedHeredocWhereItBegins)
{
    EXPECT_EQ(error_of("FROM scratch\nRUN cat <<EOF\na\nb\n"),
              "Dockerfile:2: unterminated heredoc (hint: no line is just EOF)\n"
              "  RUN cat <<EOF\n"
              "          ^");
    EXPECT_EQ(reason("COPY a <<EOF\nEOF"), "Dockerfile:2: COPY cannot write to a heredoc");
    EXPECT_EQ(reason("COPY << EOF /a\nEOF"),
              "Dockerfile:2: no name right behind << (hint: write <<EOF)");
}

TEST(ParserError, RefusesForeignFrontends)
{
    EXPECT_EQ(
        first_line_of_error("# syntax=example.org/evil:1\nFROM a\n"),
        "Dockerfile:1: the frontend example.org/evil:1 is not supported (hint: caisson runs no "
        "foreign frontend; docker/dockerfile is built in)");
    EXPECT_NE(error_of("# syntax=docker/dockerfile-upstream:master\nFROM a\n"), "accepted");
    EXPECT_NE(error_of("#!/usr/bin/env docker\n# syntax=example.org/evil\nFROM a\n"), "accepted");
}

TEST(ParserError, RefusesBadDirectives)
{
    EXPECT_EQ(first_line_of_error("# escape=x\nFROM a\n"),
              "Dockerfile:1: the escape character can be \\ or `, not x");
    EXPECT_EQ(first_line_of_error("# escape=`\n# Escape=`\nFROM a\n"),
              "Dockerfile:2: the escape directive can be given only once");
}

TEST(ParserError, RefusesTriggersThatCannotRun)
{
    EXPECT_EQ(reason("ONBUILD ONBUILD RUN a"), "Dockerfile:2: ONBUILD ONBUILD is not allowed");
    EXPECT_EQ(reason("ONBUILD FROM a"), "Dockerfile:2: FROM is not allowed as an ONBUILD trigger");
    EXPECT_EQ(reason("ONBUILD MAINTAINER a"),
              "Dockerfile:2: MAINTAINER is not allowed as an ONBUILD trigger");
    EXPECT_EQ(reason("ONBUILD RUN --mount=type=cache,target=/a b"),
              "Dockerfile:2: RUN --mount is not supported yet");
    EXPECT_EQ(reason("ONBUILD RUNN a"),
              "Dockerfile:2: unknown instruction \"RUNN\" (hint: did you mean RUN?)");
}

TEST(ParserError, RefusesNulBytes)
{
    using namespace std::string_literals;
    EXPECT_EQ(first_line_of_error("FROM a\nRUN x\0y\n"s),
              "Dockerfile:2: a NUL byte: this is no text file");
    EXPECT_EQ(reason(R"(CMD ["a\u0000b"])"), "Dockerfile:2: a word with a NUL byte in it");
}

TEST(ParserError, OfATriggerNamesItsOrigin)
{
    try {
        (void)parse_instruction("FROM a", "ONBUILD of base");
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.message(), "ONBUILD of base:1: FROM is not possible here\n  FROM a\n  ^");
    }
    EXPECT_THROW((void)parse_instruction("RUN a\nRUN b", "base"), Error);
}

} // namespace
} // namespace caisson::runner
