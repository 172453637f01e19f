package io.drover.vmm.bench;

import io.drover.vmm.client.VmmCommand;
import io.drover.vmm.migration.lz4.Lz4Decoder;
import io.drover.vmm.migration.lz4.Lz4Encoder;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.Deflater;

/**
 * How fast one thread packs and unpacks a file in blocks of 64 KiB, under a VMM process's own JVM flags, and how much it
 * makes of them, beside the JDK's deflate at its fastest, by turns. Arguments: rounds, file.
 */
final class PackingRate {
    private static final int WARM_UP = 2;

    private PackingRate() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments.length == 2) {
            List<Path> classPath = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                    .map(Path::of).toList();
            List<String> command = new ArrayList<>(VmmCommand
                    .run(Path.of(System.getProperty("java.home")), classPath, Optional.empty(), Path.of("unused"))
                    .arguments());
            command.removeLast();
            int main = command.indexOf(VmmCommand.MAIN_CLASS);
            command.set(main, PackingRate.class.getName());
            command.add(main, "-XX:MaxDirectMemorySize=1g");
            command.addAll(List.of(arguments[0], arguments[1], "here"));
            System.exit(new ProcessBuilder(command).inheritIO().start().waitFor());
        }
        measure(Integer.parseInt(arguments[0]), read(new File(arguments[1])));
    }

    private static ByteBuffer read(File file) throws IOException {
        ByteBuffer content = ByteBuffer.allocateDirect((int) Math.min(file.length(), 256 << 20));
        try (FileChannel channel = FileChannel.open(file.toPath())) {
            int read = 0;
            while (content.hasRemaining() && read >= 0) {
                read = channel.read(content);
            }
        }
        return content.flip();
    }

    private static void measure(int rounds, ByteBuffer content) throws IOException {
        int block = Lz4Encoder.MAX_BYTES;
        int blocks = content.limit() / block;
        byte[] raw = new byte[block];
        byte[] packed = new byte[2 * block];
        Lz4Encoder encoder = new Lz4Encoder();
        List<Double> encode = new ArrayList<>();
        List<Double> decode = new ArrayList<>();
        List<Double> deflate = new ArrayList<>();
        long packedBytes = 0;
        long deflatedBytes = 0;
        for (int round = -WARM_UP; round < rounds; round++) {
            packedBytes = 0;
            deflatedBytes = 0;
            long packing = 0;
            long unpacking = 0;
            long deflating = 0;
            for (int i = 0; i < blocks; i++) {
                content.get(i * block, raw);
                long begin = System.nanoTime();
                int bytes = encoder.encode(raw, block, packed, 2 * block);
                long made = System.nanoTime();
                Lz4Decoder.decode(packed, bytes, raw, block);
                unpacking += System.nanoTime() - made;
                packing += made - begin;
                packedBytes += bytes;
                begin = System.nanoTime();
                deflatedBytes += deflate(raw, packed);
                deflating += System.nanoTime() - begin;
            }
            if (round >= 0) {
                double mebibytes = blocks / 16.0;
                encode.add(mebibytes / (packing / 1e9));
                decode.add(mebibytes / (unpacking / 1e9));
                deflate.add(mebibytes / (deflating / 1e9));
            }
        }
        System.out.printf(
                "%d MiB, medians of %d: packs %.0f MiB/s into %.2f, unpacks %.0f MiB/s; deflate %.0f into %.2f%n",
                blocks / 16, rounds, median(encode), packedBytes / (double) blocks / block, median(decode),
                median(deflate), deflatedBytes / (double) blocks / block);
    }

    private static int deflate(byte[] raw, byte[] into) {
        try (Deflater deflater = new Deflater(Deflater.BEST_SPEED, true)) {
            deflater.setInput(raw);
            deflater.finish();
            return deflater.deflate(into);
        }
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }
}
