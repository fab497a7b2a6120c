# cmake -D OUTPUT=… -D SOURCE_DIR=… -D "PROFILES=a;b" -D "GROUPS=c;d" -P embed.cmake
# Writes the definitions that embedded.hh declares: the JSON files as raw strings, sorted by name.

function(table_of folder names result)
  list(SORT names)
  set(entries "")
  foreach(name IN LISTS names)
    file(READ "${SOURCE_DIR}/${folder}/${name}.json" text)
    string(APPEND entries "    EmbeddedFile{\"${name}\", R\"json(${text})json\"},\n")
  endforeach()
  set(${result} "${entries}" PARENT_SCOPE)
endfunction()

table_of(profiles "${PROFILES}" profiles)
table_of(syscalls "${GROUPS}" groups)
file(READ "${SOURCE_DIR}/schema/policy.schema.json" schema)
file(READ "${SOURCE_DIR}/floor.json" floor)
file(READ "${SOURCE_DIR}/i386.json" i386)

file(WRITE "${OUTPUT}" "// Made by policies/embed.cmake; change the JSON files instead.
#include \"policies/embedded.hh\"

#include <array>

namespace caisson::policies {
namespace {

constexpr std::array kProfiles = {
${profiles}};

constexpr std::array kGroups = {
${groups}};

} // namespace

std::span<const EmbeddedFile> embedded_profiles()
{
    return kProfiles;
}

std::span<const EmbeddedFile> embedded_syscall_groups()
{
    return kGroups;
}

std::string_view embedded_i386()
{
    return R\"json(${i386})json\";
}

std::string_view embedded_floor()
{
    return R\"json(${floor})json\";
}

std::string_view embedded_policy_schema()
{
    return R\"json(${schema})json\";
}

} // namespace caisson::policies
")
