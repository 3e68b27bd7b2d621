import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/min';

/**
 * A phone number in the form in which numbers are compared: E.164, such as `+8801712345678`. One without a country
 * code is read as a number of `country` (ISO 3166, such as `BD`). What cannot be read as a number stays as it is
 * written, without the blanks around it.
 */
export function normalisePhone(written: string, country?: string | null): string {
  const trimmed = written.trim();
  const home = country && isSupportedCountry(country) ? (country as CountryCode) : undefined;
  const parsed = parsePhoneNumberFromString(trimmed, home);
  return parsed?.isPossible() ? parsed.number : trimmed;
}
