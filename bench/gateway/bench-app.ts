/** The app that clients connect to, where the server knows apps. */
export const benchApp = { id: 1, key: 'acme', secret: 'acme-secret' };
