#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace caisson::runner {

/// Where an instruction stands in the Dockerfile; lines count from 1.
struct Location {
    int line = 0;
    int last_line = 0;
};

/// The body that follows an instruction: `<<EOF`. `expand` is false where the delimiter was quoted.
struct Heredoc {
    std::string name;
    std::string content; ///< tabs already stripped for `<<-`
    bool expand = true;
};

using KeyValue = std::pair<std::string, std::string>;

struct From {
    std::string image; ///< as written; expanded with the global ARGs later
    std::string platform;
    std::string alias; ///< lower case; may be empty
};
struct Arg {
    std::vector<std::pair<std::string, std::optional<std::string>>> values;
};
struct Env {
    std::vector<KeyValue> values;
};
struct Label {
    std::vector<KeyValue> values;
};
/// COPY, and ADD where `add` is set.
struct Copy {
    bool add = false;
    std::vector<std::string> sources;
    std::vector<Heredoc> inline_files; ///< COPY <<name …: files made of heredocs, before `sources`
    std::string destination;
    std::string from; ///< stage name, stage number or build context; empty is the main context
    std::string chown;
    std::string chmod;
};
/// RUN. Shell form: `command` is what goes to the shell, heredocs and all. Exec form: `argv`.
struct Run {
    bool shell_form = true;
    std::string command;
    std::vector<std::string> argv;
    /// Set where the whole command is one heredoc: its body is a script of its own.
    std::optional<Heredoc> script;
};
struct Cmd {
    bool shell_form = true;
    std::vector<std::string> words; ///< shell form: one, the line
};
struct Entrypoint {
    bool shell_form = true;
    std::vector<std::string> words;
};
struct Workdir {
    std::string path;
};
struct User {
    std::string user;
};
struct Shell {
    std::vector<std::string> argv;
};
struct Expose {
    std::vector<std::string> ports;
};
struct Volume {
    std::vector<std::string> paths;
};
struct StopSignal {
    std::string signal;
};
/// Durations are nanoseconds, as the image configuration has them; 0 is not set.
struct Healthcheck {
    std::vector<std::string> test; ///< {"NONE"}, {"CMD", …} or {"CMD-SHELL", line}
    long long interval = 0;
    long long timeout = 0;
    long long start_period = 0;
    long long start_interval = 0;
    int retries = 0;
};
struct Onbuild {
    std::string instruction; ///< the trigger as written
};
struct Maintainer {
    std::string name;
};

struct Instruction {
    Location location;
    std::string original; ///< on one line, for progress and history
    std::variant<Arg,
                 Env,
                 Label,
                 Copy,
                 Run,
                 Cmd,
                 Entrypoint,
                 Workdir,
                 User,
                 Shell,
                 Expose,
                 Volume,
                 StopSignal,
                 Healthcheck,
                 Onbuild,
                 Maintainer>
        what;
};

struct Stage {
    Location location;
    From from;
    std::string original;
    std::vector<Instruction> instructions;
};

/// A parsed Dockerfile: typed, nothing expanded yet.
struct Dockerfile {
    char escape = '\\';
    std::vector<Instruction> global_args; ///< the ARGs before the first FROM
    std::vector<Stage> stages;            ///< at least one
    std::vector<std::string> warnings;    ///< "Dockerfile:7: …"
};

} // namespace caisson::runner
