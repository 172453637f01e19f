package io.drover.lab;

import java.util.List;
import java.util.stream.Collectors;

/** Text that a POSIX shell runs in an emulated host. */
public record ShellScript(String text) {

    /** Runs a program with exactly these arguments, whatever is in them. */
    public static ShellScript of(List<String> words) {
        return new ShellScript("exec " + quote(words) + "\n");
    }

    /** The same in a folder, when the host has it. */
    ShellScript in(String folder) {
        return new ShellScript("cd " + quote(folder) + " 2> /dev/null || cd /\n" + text);
    }

    /** A login shell on a terminal of this size. */
    static ShellScript terminal(int rows, int columns, String type) {
        String shell = "stty rows " + rows + " columns " + columns + "; exec bash -l";
        return new ShellScript(
                "export TERM=" + quote(type) + "\nexec script -q -E always -e -c " + quote(shell) + " /dev/null\n");
    }

    static String quote(List<String> words) {
        return words.stream().map(ShellScript::quote).collect(Collectors.joining(" "));
    }

    static String quote(String word) {
        if (word.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("argument : '" + word + "' (expected: no NUL in it)");
        }
        return "'" + word.replace("'", "'\\''") + "'";
    }
}
