import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/min';

/**
 * A phone number in the form in which numbers are compared: E.164, such as `+8801712345678`. A number without a
 * country code is read as a number of `country` (ISO 3166, such as `BD`). A text that is not a phone number is returned
 * as written, without surrounding whitespace.
 */
export function normalisePhoneNumber(written: string, country?: string | null): string {
  const trimmed = written.trim();
  const home = country && isSupportedCountry(country) ? (country as CountryCode) : undefined;
  const parsed = parsePhoneNumberFromString(trimmed, home);
  return parsed?.isPossible() ? parsed.number : trimmed;
}
