package io.drover.controller.list;

import io.drover.controller.problem.ProblemException;
import io.drover.controller.record.Sha256;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;

/**
 * Where a list goes on: after this key, in this list, under this filter. Opaque to clients, and refused when it is of another
 * list or filter, since the answer would then be neither.
 */
public record PageToken(String list, String filter, String after) {
    private static final int CHECK_DIGITS = 16;

    public String encode() {
        return Base64.getUrlEncoder().withoutPadding()
                .encodeToString((check(list, filter, after) + after).getBytes(StandardCharsets.UTF_8));
    }

    /**
     * The key that a token names.
     *
     * @return the key after which to go on; empty at the beginning
     */
    public static Optional<String> decode(String token, String list, String filter) throws ProblemException {
        if (token.isEmpty()) {
            return Optional.empty();
        }
        try {
            String text = new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8);
            if (text.length() > CHECK_DIGITS) {
                String after = text.substring(CHECK_DIGITS);
                if (text.startsWith(check(list, filter, after))) {
                    return Optional.of(after);
                }
            }
        } catch (IllegalArgumentException ignored) {
            // Not even base64: as wrong as any other.
        }
        throw ProblemException.invalid("page_token",
                "not of this list and filter (expected: the next_page_token of an answer to "
                        + "the same request)");
    }

    private static String check(String list, String filter, String after) {
        return Sha256.of((list + '\n' + filter + '\n' + after).getBytes(StandardCharsets.UTF_8)).hex().substring(0,
                CHECK_DIGITS);
    }
}
