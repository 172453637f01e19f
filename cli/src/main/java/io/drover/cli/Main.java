package io.drover.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.logging.Level;
import java.util.logging.Logger;

/** The `drover` command. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        // System.out flushes every line; lists of thousands want a buffer.
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        Surroundings surroundings = new Surroundings(System.in, out, err, System.getenv(),
                Surroundings.terminalsOf(System.getProperty("drover.terminals", "")), Clock.systemUTC());
        // gRPC and Netty log what is also reported as the error of a call.
        Logger.getLogger("").setLevel(surroundings.variable("DROVER_DEBUG").isPresent() ? Level.INFO : Level.OFF);
        int code = new Drover(surroundings).run(arguments);
        out.flush();
        System.exit(code);
    }
}
