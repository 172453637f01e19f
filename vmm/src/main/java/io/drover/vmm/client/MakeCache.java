package io.drover.vmm.client;

import com.google.protobuf.Message;
import io.drover.proto.vmm.v1.VmmConfig;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;

/**
 * Makes the cache that VMM processes start from, when an installation is built. Its argument is the cache's path. The cache fits
 * this Java and the jars that this program itself runs from.
 */
public final class MakeCache {
    private MakeCache() {}

    public static void main(String[] arguments) throws IOException, InterruptedException, URISyntaxException {
        if (arguments.length != 1) {
            throw new IllegalArgumentException("arguments : " + List.of(arguments) + " (expected: the cache's path)");
        }
        List<Path> classPath = List.of(jarOf(VmmCommand.class), jarOf(VmmConfig.class), jarOf(Message.class));
        int exitCode = VmmCommand.training(Path.of(System.getProperty("java.home")), classPath, Path.of(arguments[0]))
                .toProcessBuilder().inheritIO().start().waitFor();
        System.exit(exitCode);
    }

    private static Path jarOf(Class<?> type) throws URISyntaxException {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    }
}
